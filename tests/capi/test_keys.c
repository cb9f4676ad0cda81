/* Keys through C: more than one password, changed and removed ones, and the recovery code. */
#include <string.h>

#include "check.h"
#include "fixture.h"

/* How opening the repository in `sink` with `password` ends. */
static dbsnap_status status_of_opening(dbsnap_sink* sink, const char* password) {
  dbsnap_repository* repository = NULL;
  dbsnap_options* options = option_text("password", password);
  const dbsnap_status status = dbsnap_repository_open(sink, options, NULL, &repository, NULL);
  dbsnap_options_free(options);
  dbsnap_repository_free(repository);
  return status;
}

static dbsnap_repository* new_encrypted_repository(dbsnap_sink** sink) {
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = NULL;
  dbsnap_options* options = option_text("password", "first");
  CHECK_OK(dbsnap_sink_open("memory:", sink, &error));
  CHECK_OK(dbsnap_repository_create(*sink, options, NULL, &repository, &error));
  dbsnap_options_free(options);
  return repository;
}

static void passwords_are_added_changed_and_removed(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_document* key = NULL;
  dbsnap_document* keys = NULL;
  dbsnap_repository* repository = new_encrypted_repository(&sink);

  CHECK_OK(dbsnap_repository_key_add(repository, "second", "laptop", NULL, &key, &error));
  CHECK_TEXT(text_at(key, "/label"), "laptop");
  CHECK_TEXT(text_at(key, "/kind"), "password");
  char id[32];
  snprintf(id, sizeof id, "%s", text_at(key, "/id"));
  CHECK_NUMBER(strlen(id), 16);
  dbsnap_document_free(key);
  CHECK_NUMBER(status_of_opening(sink, "second"), DBSNAP_OK);

  CHECK_OK(dbsnap_repository_key_change(repository, id, "better", NULL, NULL, &error));
  CHECK_NUMBER(status_of_opening(sink, "second"), DBSNAP_WRONG_KEY);
  CHECK_NUMBER(status_of_opening(sink, "better"), DBSNAP_OK);

  CHECK_OK(dbsnap_repository_key_list(repository, NULL, &keys, &error));
  CHECK_NUMBER(dbsnap_document_count(keys, ""), 2);
  CHECK_TEXT(text_at(keys, "/0/id"), id);
  CHECK(!truth_at(keys, "/0/current"));
  CHECK(truth_at(keys, "/1/current"));
  char current[32];
  snprintf(current, sizeof current, "%s", text_at(keys, "/1/id"));
  dbsnap_document_free(keys);

  CHECK_FAILS(dbsnap_repository_key_remove(repository, current, false, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_repository_key_remove(repository, current, true, NULL, &error));
  CHECK_FAILS(dbsnap_repository_key_remove(repository, id, true, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_NUMBER(status_of_opening(sink, "first"), DBSNAP_WRONG_KEY);
  CHECK_NUMBER(status_of_opening(sink, "better"), DBSNAP_OK);
  dbsnap_repository_free(repository);
  dbsnap_sink_free(sink);
}

static void a_recovery_code_opens_the_repository(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_document* key = NULL;
  char* code = NULL;
  dbsnap_repository* repository = new_encrypted_repository(&sink);
  CHECK_OK(dbsnap_repository_key_add_recovery(repository, NULL, NULL, &code, &key, &error));
  CHECK_TEXT(text_at(key, "/kind"), "recovery");
  CHECK_NUMBER(strlen(code), 47);
  CHECK_NUMBER(status_of_opening(sink, code), DBSNAP_OK);
  CHECK_FAILS(dbsnap_repository_key_change(repository, text_at(key, "/id"), "x", NULL, NULL, &error),
              DBSNAP_INVALID_ARGUMENT);
  dbsnap_string_free(code);
  dbsnap_document_free(key);
  dbsnap_repository_free(repository);
  dbsnap_sink_free(sink);
}

static void bad_arguments_are_refused(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_document* keys = NULL;
  dbsnap_repository* repository = new_encrypted_repository(&sink);
  CHECK_FAILS(dbsnap_repository_key_add(repository, NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_key_add(repository, "", NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_key_change(repository, "0123456789abcdef", "x", NULL, NULL, &error), DBSNAP_NOT_FOUND);
  CHECK_FAILS(dbsnap_repository_key_add_recovery(repository, NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_repository_key_list(repository, NULL, &keys, &error));
  CHECK_NUMBER(dbsnap_document_count(keys, ""), 1);
  dbsnap_document_free(keys);
  dbsnap_repository_free(repository);
  dbsnap_sink_free(sink);
  repository = new_memory_repository();
  CHECK_FAILS(dbsnap_repository_key_list(repository, NULL, &keys, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_repository_free(repository);
}

const test_case kKeyTests[] = {
    {"passwords are added, changed and removed", passwords_are_added_changed_and_removed},
    {"a recovery code opens the repository", a_recovery_code_opens_the_repository},
    {"bad arguments are refused", bad_arguments_are_refused},
    {NULL, NULL},
};
