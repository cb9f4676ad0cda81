/* Implementation of the verbs. */
#include "fixture.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static char folder[64];

const char* make_folder(void) {
  strcpy(folder, "/tmp/dbsnap-capi-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  return folder;
}

void remove_folder(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  CHECK(system(command) == 0);
}

const char* path_in_folder(const char* name) {
  static char paths[4][256];
  static int next = 0;
  next = (next + 1) % 4;
  snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
  return paths[next];
}

static int64_t number_of(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = NULL;
  int64_t number = -1;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    number = sqlite3_column_int64(statement, 0);
  }
  sqlite3_finalize(statement);
  return number;
}

int64_t write_rows(const char* path, int rows) {
  static const char* const kTable =
      "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, text TEXT)";
  sqlite3* database = NULL;
  char insert[256];
  snprintf(insert, sizeof insert,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "INSERT INTO item (text) SELECT hex(randomblob(200)) FROM n",
           rows);
  CHECK(sqlite3_open(path, &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, kTable, NULL, NULL, NULL) == SQLITE_OK);
  CHECK(sqlite3_exec(database, insert, NULL, NULL, NULL) == SQLITE_OK);
  const int64_t count = number_of(database, "SELECT count(*) FROM item");
  sqlite3_close(database);
  return count;
}

int64_t count_rows(const char* path) {
  sqlite3* database = NULL;
  CHECK(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
  const int64_t count = number_of(database, "SELECT count(*) FROM item");
  sqlite3_close(database);
  return count;
}

bool same_files(const char* left, const char* right) {
  FILE* a = fopen(left, "rb");
  FILE* b = fopen(right, "rb");
  bool same = a != NULL && b != NULL;
  int one = 0;
  while (same && one != EOF) {
    one = fgetc(a);
    same = one == fgetc(b);
  }
  if (a != NULL) fclose(a);
  if (b != NULL) fclose(b);
  return same;
}

dbsnap_repository* new_repository(dbsnap_sink* sink) {
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = NULL;
  dbsnap_options* options = option_truth("encrypt", false);
  CHECK_OK(dbsnap_repository_create(sink, options, NULL, &repository, &error));
  dbsnap_options_free(options);
  dbsnap_sink_free(sink);
  return repository;
}

dbsnap_repository* new_memory_repository(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  CHECK_OK(dbsnap_sink_open("memory:", &sink, &error));
  return new_repository(sink);
}

dbsnap_engine* sqlite_engine(const char* path) {
  dbsnap_error* error = NULL;
  dbsnap_engine* engine = NULL;
  CHECK_OK(dbsnap_engine_open_named("sqlite", path, NULL, &engine, &error));
  return engine;
}

char* take_snapshot(dbsnap_repository* repository, dbsnap_engine* engine, const char* tag) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = NULL;
  dbsnap_document* manifest = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  if (tag != NULL) CHECK_OK(dbsnap_options_add_string(options, "tag", tag, &error));
  CHECK_OK(dbsnap_repository_snapshot(repository, engine, options, NULL, &manifest, &error));
  char* id = NULL;
  CHECK_OK(dbsnap_repository_resolve(repository, text_at(manifest, "/id"), NULL, NULL, &id, &error));
  dbsnap_document_free(manifest);
  dbsnap_options_free(options);
  return id;
}

const char* text_at(const dbsnap_document* document, const char* path) {
  dbsnap_error* error = NULL;
  const char* value = NULL;
  CHECK_OK(dbsnap_document_string(document, path, &value, &error));
  return value == NULL ? "" : value;
}

int64_t number_at(const dbsnap_document* document, const char* path) {
  dbsnap_error* error = NULL;
  int64_t value = 0;
  CHECK_OK(dbsnap_document_int(document, path, &value, &error));
  return value;
}

bool truth_at(const dbsnap_document* document, const char* path) {
  dbsnap_error* error = NULL;
  bool value = false;
  CHECK_OK(dbsnap_document_bool(document, path, &value, &error));
  return value;
}

static dbsnap_options* empty_options(void) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  return options;
}

dbsnap_options* option_text(const char* key, const char* value) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = empty_options();
  CHECK_OK(dbsnap_options_set_string(options, key, value, &error));
  return options;
}

dbsnap_options* option_number(const char* key, int64_t value) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = empty_options();
  CHECK_OK(dbsnap_options_set_int(options, key, value, &error));
  return options;
}

dbsnap_options* option_truth(const char* key, bool value) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = empty_options();
  CHECK_OK(dbsnap_options_set_bool(options, key, value, &error));
  return options;
}
