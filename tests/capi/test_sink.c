/* A sink that is a table of C functions. */
#include <string.h>

#include "check.h"
#include "fixture.h"

static void a_repository_lives_in_a_custom_sink(void) {
  memory_store_destroyed = 0;
  make_folder();
  memory_store* store = memory_store_create();
  dbsnap_repository* repository = new_repository(memory_store_sink(store));
  const char* path = path_in_folder("app.db");
  write_rows(path, 500);
  dbsnap_engine* engine = sqlite_engine(path);
  char* id = take_snapshot(repository, engine, NULL);
  CHECK(memory_store_count(store) >= 3);
  CHECK_NUMBER(memory_store_destroyed, 0);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  CHECK_NUMBER(memory_store_destroyed, 1);
  remove_folder();
}

static void an_error_of_the_sink_reaches_the_caller(void) {
  make_folder();
  memory_store* store = memory_store_create();
  dbsnap_repository* repository = new_repository(memory_store_sink(store));
  write_rows(path_in_folder("app.db"), 10);
  dbsnap_engine* engine = sqlite_engine(path_in_folder("app.db"));
  memory_store_fail_puts(store, DBSNAP_NO_SPACE, "the store in C is full");
  dbsnap_error* error = NULL;
  CHECK_NUMBER(dbsnap_repository_snapshot(repository, engine, NULL, NULL, NULL, &error), DBSNAP_NO_SPACE);
  CHECK_TEXT(dbsnap_error_message(error), "the store in C is full");
  dbsnap_error_free(error);
  error = NULL;
  memory_store_fail_puts(store, DBSNAP_STOPPED_BY_CALLBACK, NULL);
  CHECK_FAILS(dbsnap_repository_snapshot(repository, engine, NULL, NULL, NULL, &error), DBSNAP_STOPPED_BY_CALLBACK);
  memory_store_fail_puts(store, DBSNAP_OK, NULL);
  dbsnap_document* snapshots = NULL;
  CHECK_OK(dbsnap_repository_list(repository, NULL, NULL, &snapshots, &error));
  CHECK_NUMBER(dbsnap_document_count(snapshots, ""), 0);
  dbsnap_document_free(snapshots);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void damage_in_the_sink_is_found(void) {
  make_folder();
  memory_store* store = memory_store_create();
  dbsnap_repository* repository = new_repository(memory_store_sink(store));
  write_rows(path_in_folder("app.db"), 2000);
  dbsnap_engine* engine = sqlite_engine(path_in_folder("app.db"));
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  memory_store_damage_largest(store);
  dbsnap_error* error = NULL;
  dbsnap_document* report = NULL;
  bool sound = true;
  CHECK_OK(dbsnap_repository_verify(repository, NULL, NULL, NULL, &sound, &report, &error));
  CHECK(!sound);
  CHECK(dbsnap_document_count(report, "/damage") > 0);
  dbsnap_document_free(report);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void what_repair_cannot_bring_back_is_told(void) {
  make_folder();
  memory_store* store = memory_store_create();
  dbsnap_repository* repository = new_repository(memory_store_sink(store));
  write_rows(path_in_folder("app.db"), 2000);
  dbsnap_engine* engine = sqlite_engine(path_in_folder("app.db"));
  char* id = take_snapshot(repository, engine, NULL);
  dbsnap_options* options = option_truth("dry_run", true);
  dbsnap_error* error = NULL;
  dbsnap_document* report = NULL;
  bool whole = false;
  CHECK_OK(dbsnap_options_add_string(options, "snapshot", id, &error));
  CHECK_OK(dbsnap_repository_repair(repository, options, NULL, &whole, &report, &error));
  CHECK(whole);
  CHECK_NUMBER(number_at(report, "/snapshots"), 1);
  CHECK_NUMBER(dbsnap_document_count(report, "/damaged"), 0);
  dbsnap_document_free(report);
  memory_store_damage_largest(store);
  const size_t objects = memory_store_count(store);
  CHECK_OK(dbsnap_repository_repair(repository, options, NULL, &whole, &report, &error));
  CHECK(!whole);
  CHECK(truth_at(report, "/dry_run"));
  CHECK_TEXT(text_at(report, "/damaged/0/snapshot"), id);
  CHECK(dbsnap_document_count(report, "/damaged/0/lost") > 0);
  CHECK(number_at(report, "/damaged/0/lost/0/length_bytes") > 0);
  CHECK_NUMBER(memory_store_count(store), objects);
  dbsnap_document_free(report);
  CHECK_FAILS(dbsnap_repository_repair(repository, options, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_repair(NULL, NULL, NULL, &whole, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void a_store_is_examined(void) {
  memory_store* store = memory_store_create();
  dbsnap_sink* sink = memory_store_sink(store);
  dbsnap_error* error = NULL;
  dbsnap_document* report = NULL;
  int exit_code = -1;
  CHECK_OK(dbsnap_sink_examine(sink, NULL, NULL, &exit_code, &report, &error));
  CHECK_NUMBER(exit_code, 3);
  const char* worst = NULL;
  CHECK_OK(dbsnap_document_string(report, "/worst", &worst, &error));
  CHECK_TEXT(worst, "warning");
  CHECK(dbsnap_document_count(report, "/findings") >= 8);
  dbsnap_document_free(report);

  dbsnap_repository* repository = NULL;
  dbsnap_options* options = option_text("password", "right");
  CHECK_OK(dbsnap_repository_create(sink, options, NULL, &repository, &error));
  CHECK_OK(dbsnap_sink_examine(sink, NULL, NULL, &exit_code, NULL, &error));
  CHECK_NUMBER(exit_code, 0);
  CHECK_OK(dbsnap_sink_examine(sink, NULL, NULL, NULL, NULL, &error));
  CHECK_FAILS(dbsnap_sink_examine(sink, options, NULL, &exit_code, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_sink_examine(NULL, NULL, NULL, &exit_code, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
  dbsnap_repository_free(repository);
  dbsnap_sink_free(sink);
}

static void damage_is_found_without_a_key(void) {
  make_folder();
  memory_store* store = memory_store_create();
  dbsnap_sink* sink = memory_store_sink(store);
  dbsnap_error* error = NULL;
  bool sound = true;
  CHECK_FAILS(dbsnap_verify_keyless(sink, NULL, NULL, &sound, NULL, &error), DBSNAP_NO_REPOSITORY);
  CHECK(!sound);
  dbsnap_repository* repository = NULL;
  dbsnap_options* options = option_text("password", "right");
  CHECK_OK(dbsnap_repository_create(sink, options, NULL, &repository, &error));
  write_rows(path_in_folder("app.db"), 2000);
  dbsnap_engine* engine = sqlite_engine(path_in_folder("app.db"));
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  CHECK_OK(dbsnap_verify_keyless(sink, NULL, NULL, &sound, NULL, &error));
  CHECK(sound);
  memory_store_damage_largest(store);
  dbsnap_document* report = NULL;
  dbsnap_options* share = option_number("percent", 100);
  CHECK_OK(dbsnap_verify_keyless(sink, share, NULL, &sound, &report, &error));
  CHECK(!sound);
  CHECK_NUMBER(dbsnap_document_count(report, "/damage"), 1);
  CHECK_FAILS(dbsnap_verify_keyless(sink, options, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_verify_keyless(NULL, NULL, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_verify_keyless(sink, NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_document_free(report);
  dbsnap_options_free(share);
  dbsnap_options_free(options);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  dbsnap_sink_free(sink);
  remove_folder();
}

static void an_incomplete_table_is_refused(void) {
  memory_store_destroyed = 0;
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_sink_table table = memory_store_table();
  table.get = NULL;
  CHECK_NUMBER(dbsnap_sink_create(&table, NULL, &sink, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(strstr(dbsnap_error_message(error), "get") != NULL);
  dbsnap_error_free(error);
  error = NULL;
  table = memory_store_table();
  table.struct_size = 0;
  CHECK_FAILS(dbsnap_sink_create(&table, NULL, &sink, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_sink_create(NULL, NULL, &sink, &error), DBSNAP_INVALID_ARGUMENT);
  table.struct_size = sizeof table;
  CHECK_FAILS(dbsnap_sink_create(&table, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(sink == NULL);
  CHECK_NUMBER(memory_store_destroyed, 0);
}

static void a_missing_buffer_takes_nothing(void) {
  const uint8_t byte = 1;
  CHECK(!dbsnap_buffer_append(NULL, &byte, 1));
}

static void an_unknown_scheme_is_refused(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  CHECK_FAILS(dbsnap_sink_open("carrier-pigeon://roof", &sink, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_sink_open(NULL, &sink, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(sink == NULL);
}

const test_case kSinkTests[] = {
    {"a repository lives in a custom sink, which is given back once", a_repository_lives_in_a_custom_sink},
    {"an error of the sink reaches the caller, and nothing is listed", an_error_of_the_sink_reaches_the_caller},
    {"damage in the sink is found by verify", damage_in_the_sink_is_found},
    {"what repair cannot bring back is told", what_repair_cannot_bring_back_is_told},
    {"a store is examined, and what is wrong is a finding", a_store_is_examined},
    {"damage in the sink is found without a key", damage_is_found_without_a_key},
    {"an incomplete table is refused", an_incomplete_table_is_refused},
    {"a missing buffer takes nothing", a_missing_buffer_takes_nothing},
    {"an unknown scheme is refused", an_unknown_scheme_is_refused},
    {NULL, NULL},
};
