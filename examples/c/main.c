/*
 * A small order service that backs itself up: it writes to its SQLite database, takes a snapshot each "night", keeps
 * the newest three, verifies the repository, and restores the latest snapshot beside the database.
 *
 * Usage: order-service FOLDER
 */
#include <dbsnap.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with the three lines that the dbsnap program would print. */
static void require(dbsnap_status status, dbsnap_error* error) {
  if (status == DBSNAP_OK) return;
  fprintf(stderr, "error[%s]: %s\n", dbsnap_status_name(status), dbsnap_error_message(error));
  if (*dbsnap_error_why(error) != '\0') fprintf(stderr, "  why: %s\n", dbsnap_error_why(error));
  if (*dbsnap_error_hint(error) != '\0') fprintf(stderr, "  try: %s\n", dbsnap_error_hint(error));
  exit(error != NULL ? dbsnap_error_exit_code(error) : EXIT_FAILURE);
}

/* One day of business. */
static void take_orders(sqlite3* database, int count) {
  char* reason = NULL;
  char sql[256];
  snprintf(sql, sizeof sql,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "INSERT INTO orders (customer, amount) SELECT hex(randomblob(16)), abs(random()) %% 10000 FROM n",
           count);
  if (sqlite3_exec(database, sql, NULL, NULL, &reason) != SQLITE_OK) {
    fprintf(stderr, "cannot take orders: %s\n", reason);
    exit(EXIT_FAILURE);
  }
}

static sqlite3* open_database(const char* path) {
  sqlite3* database = NULL;
  const char* schema =
      "PRAGMA journal_mode = WAL;"
      "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT, amount INTEGER)";
  if (sqlite3_open(path, &database) != SQLITE_OK || sqlite3_exec(database, schema, NULL, NULL, NULL) != SQLITE_OK) {
    fprintf(stderr, "cannot open %s: %s\n", path, sqlite3_errmsg(database));
    exit(EXIT_FAILURE);
  }
  return database;
}

static dbsnap_status show_progress(void* user_data, const dbsnap_progress* progress) {
  (void)user_data;
  fprintf(stderr, "  %-8s %" PRIu64 " bytes\n", dbsnap_progress_phase(progress), dbsnap_progress_bytes_done(progress));
  return DBSNAP_OK;
}

/* Opens the repository in `folder`, or makes it the first time. */
static dbsnap_repository* open_repository(const char* folder, const char* password) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_options* options = NULL;
  dbsnap_repository* repository = NULL;
  require(dbsnap_sink_open(folder, &sink, &error), error);
  require(dbsnap_options_create(&options, &error), error);
  require(dbsnap_options_set_string(options, "password", password, &error), error);
  dbsnap_status status = dbsnap_repository_open(sink, options, NULL, &repository, &error);
  if (status == DBSNAP_NO_REPOSITORY) {
    dbsnap_error_free(error);
    status = dbsnap_repository_create(sink, options, NULL, &repository, &error);
  }
  require(status, error);
  dbsnap_options_free(options);
  dbsnap_sink_free(sink);
  return repository;
}

static void back_up(dbsnap_repository* repository, const char* database) {
  dbsnap_error* error = NULL;
  dbsnap_engine* engine = NULL;
  dbsnap_options* options = NULL;
  dbsnap_context* context = NULL;
  dbsnap_document* manifest = NULL;
  dbsnap_callbacks callbacks = {0};
  callbacks.struct_size = sizeof callbacks;
  callbacks.progress = show_progress;
  require(dbsnap_engine_open_named("sqlite", database, NULL, &engine, &error), error);
  require(dbsnap_options_create(&options, &error), error);
  require(dbsnap_options_add_string(options, "tag", "nightly", &error), error);
  require(dbsnap_context_create(&context, &error), error);
  require(dbsnap_context_set_callbacks(context, &callbacks, NULL, &error), error);
  require(dbsnap_repository_snapshot(repository, engine, options, context, &manifest, &error), error);

  const char* id = NULL;
  int64_t read = 0;
  int64_t stored = 0;
  require(dbsnap_document_string(manifest, "/id", &id, &error), error);
  require(dbsnap_document_int(manifest, "/stats/bytes_read", &read, &error), error);
  require(dbsnap_document_int(manifest, "/stats/bytes_stored", &stored, &error), error);
  printf("snapshot %s: %" PRId64 " bytes read, %" PRId64 " bytes stored\n", id, read, stored);

  dbsnap_document_free(manifest);
  dbsnap_context_free(context);
  dbsnap_options_free(options);
  dbsnap_engine_free(engine);
}

static void keep_newest_three(dbsnap_repository* repository) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = NULL;
  dbsnap_policy* policy = NULL;
  dbsnap_plan* plan = NULL;
  dbsnap_document* report = NULL;
  int64_t removed = 0;
  require(dbsnap_options_create(&options, &error), error);
  require(dbsnap_options_set_int(options, "keep_last", 3, &error), error);
  require(dbsnap_policy_create_keep(options, &policy, &error), error);
  require(dbsnap_repository_plan_prune(repository, policy, NULL, NULL, &plan, &error), error);
  require(dbsnap_repository_apply(repository, plan, NULL, NULL, &report, &error), error);
  require(dbsnap_document_int(report, "/snapshots_removed", &removed, &error), error);
  printf("pruned %" PRId64 " snapshots\n", removed);
  dbsnap_document_free(report);
  dbsnap_plan_free(plan);
  dbsnap_policy_free(policy);
  dbsnap_options_free(options);
}

static void verify_and_restore(dbsnap_repository* repository, const char* copy) {
  dbsnap_error* error = NULL;
  dbsnap_engine* target = NULL;
  char* latest = NULL;
  bool sound = false;
  require(dbsnap_repository_verify(repository, NULL, NULL, NULL, &sound, NULL, &error), error);
  printf("repository is %s\n", sound ? "sound" : "DAMAGED");
  require(dbsnap_repository_resolve(repository, "latest", NULL, NULL, &latest, &error), error);
  require(dbsnap_engine_open_named("sqlite", copy, NULL, &target, &error), error);
  require(dbsnap_repository_restore(repository, latest, target, NULL, NULL, NULL, &error), error);
  require(dbsnap_engine_check(target, NULL, &error), error);
  printf("restored %s to %s\n", latest, copy);
  dbsnap_engine_free(target);
  dbsnap_string_free(latest);
  if (!sound) exit(EXIT_FAILURE);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  char database_path[4096];
  char repository_path[4096];
  char copy_path[4096];
  snprintf(database_path, sizeof database_path, "%s/orders.db", argv[1]);
  snprintf(repository_path, sizeof repository_path, "%s/backups", argv[1]);
  snprintf(copy_path, sizeof copy_path, "%s/restored.db", argv[1]);

  sqlite3* database = open_database(database_path);
  dbsnap_repository* repository = open_repository(repository_path, "correct horse battery staple");
  for (int night = 0; night < 5; ++night) {
    take_orders(database, night == 0 ? 20000 : 50);
    back_up(repository, database_path);
    keep_newest_three(repository);
  }
  verify_and_restore(repository, copy_path);
  dbsnap_repository_free(repository);
  sqlite3_close(database);
  return EXIT_SUCCESS;
}
