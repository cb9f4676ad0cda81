/* Version, errors, documents and options: what needs no repository. */
#include <string.h>

#include "check.h"

static void version_is_the_headers(void) {
  CHECK_TEXT(dbsnap_version(), DBSNAP_VERSION_STRING);
  CHECK(dbsnap_repository_format() >= 1);
}

static void components_are_listed(void) {
  dbsnap_error* error = NULL;
  dbsnap_document* components = NULL;
  CHECK_OK(dbsnap_components(&components, &error));
  CHECK(dbsnap_document_count(components, "") >= 2);
  const char* kind = NULL;
  CHECK_OK(dbsnap_document_string(components, "/0/kind", &kind, &error));
  CHECK_TEXT(kind, "engine");
  CHECK(dbsnap_has_component("local"));
  CHECK(dbsnap_has_component("memory"));
  CHECK(!dbsnap_has_component("no-such-thing"));
  CHECK(!dbsnap_has_component(NULL));
  dbsnap_document_free(components);
}

static void statuses_have_names(void) {
  CHECK_TEXT(dbsnap_status_name(DBSNAP_OK), "ok");
  CHECK_TEXT(dbsnap_status_name(DBSNAP_NO_REPOSITORY), "no-repository");
  CHECK_TEXT(dbsnap_status_name(DBSNAP_CANCELLED), "cancelled");
  CHECK_TEXT(dbsnap_status_name(9999), "internal");
}

static void an_error_carries_what_was_set(void) {
  dbsnap_error* error = dbsnap_error_create(DBSNAP_STORAGE_UNREACHABLE, "no answer from store-1");
  dbsnap_error_set_why(error, "Connection refused");
  dbsnap_error_set_hint(error, "ping store-1");
  dbsnap_error_set_retryable(error, true);
  dbsnap_error_set_native_code(error, 111);
  dbsnap_error_add_context(error, "object", "packs/ab/1");
  CHECK_NUMBER(dbsnap_error_code(error), DBSNAP_STORAGE_UNREACHABLE);
  CHECK_TEXT(dbsnap_error_name(error), "storage-unreachable");
  CHECK_TEXT(dbsnap_error_message(error), "no answer from store-1");
  CHECK_TEXT(dbsnap_error_why(error), "Connection refused");
  CHECK_TEXT(dbsnap_error_hint(error), "ping store-1");
  CHECK(dbsnap_error_retryable(error));
  CHECK_NUMBER(dbsnap_error_native_code(error), 111);
  CHECK_NUMBER(dbsnap_error_exit_code(error), 5);
  CHECK_NUMBER(dbsnap_error_context_count(error), 1);
  CHECK_TEXT(dbsnap_error_context_key(error, 0), "object");
  CHECK_TEXT(dbsnap_error_context_value(error, 0), "packs/ab/1");
  CHECK(dbsnap_error_context_key(error, 1) == NULL);
  CHECK(dbsnap_error_context_value(error, 1) == NULL);
  CHECK(strstr(dbsnap_error_json(error), "\"storage-unreachable\"") != NULL);
  dbsnap_error_set_hint(error, "ping store-2");
  CHECK(strstr(dbsnap_error_json(error), "ping store-2") != NULL);
  dbsnap_error_free(error);
}

static void null_errors_are_harmless(void) {
  dbsnap_error_free(NULL);
  dbsnap_error_set_why(NULL, "x");
  dbsnap_error_set_hint(NULL, "x");
  dbsnap_error_set_retryable(NULL, true);
  dbsnap_error_set_native_code(NULL, 1);
  dbsnap_error_add_context(NULL, "a", "b");
  CHECK_NUMBER(dbsnap_error_code(NULL), DBSNAP_OK);
  CHECK_TEXT(dbsnap_error_message(NULL), "");
  CHECK_TEXT(dbsnap_error_why(NULL), "");
  CHECK_NUMBER(dbsnap_error_context_count(NULL), 0);
  CHECK(dbsnap_error_json(NULL) == NULL);
}

static void unknown_codes_become_internal(void) {
  dbsnap_error* error = dbsnap_error_create(DBSNAP_OK, NULL);
  CHECK_NUMBER(dbsnap_error_code(error), DBSNAP_INTERNAL);
  CHECK_TEXT(dbsnap_error_message(error), "");
  dbsnap_error_free(error);
}

static void freeing_null_does_nothing(void) {
  dbsnap_string_free(NULL);
  dbsnap_document_free(NULL);
  dbsnap_options_free(NULL);
  dbsnap_cancel_free(NULL);
  dbsnap_cancel_trigger(NULL);
  dbsnap_context_free(NULL);
  dbsnap_sink_free(NULL);
  dbsnap_engine_free(NULL);
  dbsnap_policy_free(NULL);
  dbsnap_repository_free(NULL);
  dbsnap_reader_free(NULL);
  dbsnap_plan_free(NULL);
}

static void a_document_gives_values_by_path(void) {
  dbsnap_error* error = NULL;
  dbsnap_document* known = NULL;
  CHECK_OK(dbsnap_options_known(&known, &error));
  const char* text = NULL;
  CHECK_OK(dbsnap_document_string(known, "/0/key", &text, &error));
  CHECK_TEXT(text, "password");
  CHECK(dbsnap_document_count(known, "/0/used_by") == 2);
  CHECK_NUMBER(dbsnap_document_count(known, "/0/key"), 0);
  CHECK_NUMBER(dbsnap_document_count(known, "/none"), 0);
  CHECK_NUMBER(dbsnap_document_count(NULL, ""), 0);
  CHECK(strncmp(dbsnap_document_json(known), "[{\"key\":\"password\"", 18) == 0);
  CHECK_TEXT(dbsnap_document_json(NULL), "");
  dbsnap_document_free(known);
}

static void a_document_refuses_wrong_paths_and_types(void) {
  dbsnap_error* error = NULL;
  dbsnap_document* known = NULL;
  CHECK_OK(dbsnap_options_known(&known, &error));
  const char* text = "untouched";
  int64_t number = 7;
  bool truth = true;
  CHECK_FAILS(dbsnap_document_string(known, "/0/none", &text, &error), DBSNAP_NOT_FOUND);
  CHECK(text == NULL);
  CHECK_FAILS(dbsnap_document_string(known, "not a path", &text, &error), DBSNAP_NOT_FOUND);
  CHECK_FAILS(dbsnap_document_string(known, "/0", &text, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_document_int(known, "/0/key", &number, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_NUMBER(number, 0);
  CHECK_FAILS(dbsnap_document_bool(known, "/0/key", &truth, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(!truth);
  CHECK_FAILS(dbsnap_document_time(known, "/0/key", &number, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_document_string(NULL, "/0", &text, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_document_string(known, NULL, &text, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_document_string(known, "/0/key", NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_document_free(known);
}

static void an_unknown_option_names_the_nearest_known_one(void) {
  dbsnap_options* options = NULL;
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  CHECK_NUMBER(dbsnap_options_set_string(options, "pasword", "x", &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(strstr(dbsnap_error_message(error), "password") != NULL);
  dbsnap_error_free(error);
  error = NULL;
  CHECK_FAILS(dbsnap_options_set_int(options, "password", 1, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_set_bool(options, "threads", true, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_add_string(options, "password", "x", &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_set_pointer(options, "threads", options, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_set_string(options, NULL, "x", &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_set_string(options, "password", NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_options_set_string(NULL, "password", "x", &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
}

static void an_operation_refuses_options_it_has_no_use_for(void) {
  dbsnap_options* options = NULL;
  dbsnap_policy* policy = NULL;
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  CHECK_OK(dbsnap_options_set_string(options, "password", "x", &error));
  CHECK_FAILS(dbsnap_policy_create_keep(options, &policy, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(policy == NULL);
  dbsnap_options_free(options);
}

static void numbers_out_of_range_are_refused(void) {
  dbsnap_options* options = NULL;
  dbsnap_policy* policy = NULL;
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  CHECK_OK(dbsnap_options_set_int(options, "keep_last", -1, &error));
  CHECK_FAILS(dbsnap_policy_create_keep(options, &policy, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_options_set_int(options, "keep_last", INT64_MAX, &error));
  CHECK_FAILS(dbsnap_policy_create_keep(options, &policy, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
}

static void errors_are_optional(void) {
  CHECK_NUMBER(dbsnap_sink_open("no-such-scheme://x", NULL, NULL), DBSNAP_INVALID_ARGUMENT);
}

const test_case kValueTests[] = {
    {"the running library has the header's version", version_is_the_headers},
    {"components are listed, engines first", components_are_listed},
    {"every status has a name", statuses_have_names},
    {"an error carries what was set", an_error_carries_what_was_set},
    {"a NULL error is harmless", null_errors_are_harmless},
    {"an unknown code becomes internal", unknown_codes_become_internal},
    {"freeing NULL does nothing", freeing_null_does_nothing},
    {"a document gives values by path", a_document_gives_values_by_path},
    {"a document refuses wrong paths and types", a_document_refuses_wrong_paths_and_types},
    {"an unknown option names the nearest known one", an_unknown_option_names_the_nearest_known_one},
    {"an operation refuses options that it has no use for", an_operation_refuses_options_it_has_no_use_for},
    {"numbers out of range are refused", numbers_out_of_range_are_refused},
    {"the error argument may be NULL", errors_are_optional},
    {NULL, NULL},
};
