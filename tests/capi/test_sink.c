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
    {"an incomplete table is refused", an_incomplete_table_is_refused},
    {"a missing buffer takes nothing", a_missing_buffer_takes_nothing},
    {"an unknown scheme is refused", an_unknown_scheme_is_refused},
    {NULL, NULL},
};
