/* The main job through C: create, snapshot, list, show, compare, restore, verify, forget, cancel. */
#include <sqlite3.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

static void an_encrypted_repository_opens_with_its_password_only(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_repository* repository = NULL;
  CHECK_OK(dbsnap_sink_open("memory:", &sink, &error));
  CHECK_FAILS(dbsnap_repository_open(sink, NULL, NULL, &repository, &error), DBSNAP_NO_REPOSITORY);
  CHECK_FAILS(dbsnap_repository_create(sink, NULL, NULL, &repository, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options* right = option_text("password", "open sesame");
  dbsnap_options* wrong = option_text("password", "open rice");
  CHECK_OK(dbsnap_repository_create(sink, right, NULL, &repository, &error));
  CHECK(dbsnap_repository_encrypted(repository));
  char id[64];
  snprintf(id, sizeof id, "%s", dbsnap_repository_id(repository));
  CHECK_NUMBER(strlen(id), 32);
  dbsnap_repository_free(repository);
  CHECK_FAILS(dbsnap_repository_create(sink, right, NULL, &repository, &error), DBSNAP_ALREADY_EXISTS);
  CHECK_FAILS(dbsnap_repository_open(sink, wrong, NULL, &repository, &error), DBSNAP_WRONG_KEY);
  CHECK(repository == NULL);
  CHECK_OK(dbsnap_repository_open(sink, right, NULL, &repository, &error));
  CHECK_TEXT(dbsnap_repository_id(repository), id);
  dbsnap_repository_free(repository);
  dbsnap_options_free(right);
  dbsnap_options_free(wrong);
  dbsnap_sink_free(sink);
}

static void a_snapshot_is_listed_shown_and_restored(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  const int64_t rows = write_rows(path, 3000);
  dbsnap_repository* repository = new_memory_repository();
  CHECK(!dbsnap_repository_encrypted(repository));
  dbsnap_engine* engine = sqlite_engine(path);
  char* id = take_snapshot(repository, engine, "nightly");

  dbsnap_document* snapshots = NULL;
  CHECK_OK(dbsnap_repository_list(repository, NULL, NULL, &snapshots, &error));
  CHECK_NUMBER(dbsnap_document_count(snapshots, ""), 1);
  CHECK_TEXT(text_at(snapshots, "/0/id"), id);
  CHECK_TEXT(text_at(snapshots, "/0/tags/0"), "nightly");
  int64_t time_ns = 0;
  CHECK_OK(dbsnap_document_time(snapshots, "/0/time", &time_ns, &error));
  CHECK(time_ns > INT64_C(1500000000000000000));
  dbsnap_document_free(snapshots);

  char* at = NULL;
  CHECK_OK(dbsnap_repository_resolve_at(repository, time_ns, NULL, NULL, &at, &error));
  CHECK_TEXT(at, id);
  dbsnap_string_free(at);
  CHECK_FAILS(dbsnap_repository_resolve_at(repository, time_ns - 1, NULL, NULL, &at, &error),
              DBSNAP_POINT_IN_TIME_UNREACHABLE);
  CHECK(at == NULL);

  const char* copy = path_in_folder("copy.db");
  dbsnap_engine* target = sqlite_engine(copy);
  dbsnap_document* report = NULL;
  CHECK_OK(dbsnap_repository_restore(repository, id, target, NULL, NULL, &report, &error));
  CHECK(number_at(report, "/bytes") > 0);
  dbsnap_document_free(report);
  CHECK_NUMBER(count_rows(copy), rows);
  CHECK_OK(dbsnap_engine_check(target, NULL, &error));
  CHECK_FAILS(dbsnap_repository_restore(repository, id, target, NULL, NULL, &report, &error), DBSNAP_TARGET_NOT_EMPTY);
  dbsnap_options* overwrite = option_truth("overwrite", true);
  CHECK_OK(dbsnap_options_set_int(overwrite, "threads", 1, &error));
  CHECK_OK(dbsnap_repository_restore(repository, id, target, overwrite, NULL, NULL, &error));
  dbsnap_options_free(overwrite);
  dbsnap_engine_free(target);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void the_second_snapshot_costs_what_changed(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 5000);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  char* before = take_snapshot(repository, engine, NULL);
  write_rows(path, 1);
  char* after = take_snapshot(repository, engine, NULL);
  dbsnap_document* manifest = NULL;
  CHECK_OK(dbsnap_repository_manifest(repository, after, NULL, &manifest, &error));
  CHECK_TEXT(text_at(manifest, "/parent"), before);
  CHECK(number_at(manifest, "/stats/bytes_stored") * 4 < number_at(manifest, "/stats/bytes_read"));
  dbsnap_document_free(manifest);
  dbsnap_document* diff = NULL;
  CHECK_OK(dbsnap_repository_diff(repository, before, after, NULL, &diff, &error));
  CHECK_TEXT(text_at(diff, "/entries/0/change"), "changed");
  CHECK(number_at(diff, "/entries/0/bytes_changed") > 0);
  dbsnap_document_free(diff);
  dbsnap_document* stats = NULL;
  CHECK_OK(dbsnap_repository_stats(repository, NULL, &stats, &error));
  CHECK_NUMBER(number_at(stats, "/snapshots"), 2);
  CHECK_NUMBER(number_at(stats, "/sources"), 1);
  dbsnap_document_free(stats);
  dbsnap_string_free(before);
  dbsnap_string_free(after);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void pinned_snapshots_are_not_forgotten(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 10);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  char* id = take_snapshot(repository, engine, NULL);
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  const char* const ids[] = {id};
  CHECK_OK(dbsnap_repository_pin(repository, id, NULL, &error));
  CHECK(dbsnap_repository_forget(repository, ids, 1, NULL, NULL) != DBSNAP_OK);
  CHECK_OK(dbsnap_repository_unpin(repository, id, NULL, &error));
  CHECK_OK(dbsnap_repository_forget(repository, ids, 1, NULL, &error));
  dbsnap_document* manifest = NULL;
  CHECK_FAILS(dbsnap_repository_manifest(repository, id, NULL, &manifest, &error), DBSNAP_NOT_FOUND);
  CHECK_OK(dbsnap_repository_forget(repository, NULL, 0, NULL, &error));
  CHECK_FAILS(dbsnap_repository_forget(repository, NULL, 1, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_document* forgotten = NULL;
  const char* text = NULL;
  CHECK_OK(dbsnap_repository_forgotten(repository, NULL, NULL, &forgotten, &error));
  CHECK_OK(dbsnap_document_string(forgotten, "/0/id", &text, &error));
  CHECK(strcmp(text, id) == 0);
  dbsnap_document_free(forgotten);
  CHECK_OK(dbsnap_repository_unforget(repository, id, NULL, &manifest, &error));
  CHECK_OK(dbsnap_document_string(manifest, "/id", &text, &error));
  CHECK(strcmp(text, id) != 0);
  dbsnap_document_free(manifest);
  manifest = NULL;
  CHECK_FAILS(dbsnap_repository_unforget(repository, "00", NULL, &manifest, &error), DBSNAP_NOT_FOUND);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void verify_reads_a_part_and_remembers_it(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 200);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  dbsnap_options* options = option_text("level", "packs");
  dbsnap_document* report = NULL;
  bool sound = false;
  CHECK_OK(dbsnap_options_set_int(options, "percent", 100, &error));
  CHECK_OK(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, &report, &error));
  CHECK_NUMBER(number_at(report, "/packs_checked/packs"), number_at(report, "/packs_needed/packs"));
  dbsnap_document_free(report);
  CHECK_OK(dbsnap_options_set_string(options, "max_age", "30d", &error));
  CHECK_OK(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, &report, &error));
  CHECK(sound);
  CHECK_NUMBER(number_at(report, "/packs_checked/packs"), 0);
  CHECK_NUMBER(number_at(report, "/packs_fresh/packs"), number_at(report, "/packs_needed/packs"));
  dbsnap_document_free(report);
  CHECK_OK(dbsnap_options_set_string(options, "max_age", "soon", &error));
  CHECK_FAILS(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void verify_accepts_what_is_sound(void) {
  static const char* const kLevels[] = {"listing", "tables", "packs", "frames", "data"};
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 200);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  char* id = take_snapshot(repository, engine, NULL);
  dbsnap_options* options = option_text("level", "data");
  bool sound = false;
  CHECK_FAILS(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_options_set_string(options, "scratch_folder", path_in_folder("."), &error));
  CHECK_OK(dbsnap_options_add_string(options, "snapshot", id, &error));
  for (size_t i = 0; i < sizeof kLevels / sizeof kLevels[0]; ++i) {
    dbsnap_document* report = NULL;
    CHECK_OK(dbsnap_options_set_string(options, "level", kLevels[i], &error));
    CHECK_OK(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, &report, &error));
    CHECK(sound);
    CHECK_NUMBER(number_at(report, "/snapshots"), 1);
    dbsnap_document_free(report);
  }
  CHECK_OK(dbsnap_options_set_string(options, "max_age", "30d", &error));
  CHECK_FAILS(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_options_set_string(options, "level", "everything", &error));
  CHECK_FAILS(dbsnap_repository_verify(repository, NULL, options, NULL, &sound, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(!sound);
  dbsnap_options_free(options);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

typedef struct watcher {
  uint64_t calls;
  uint64_t last_done;
  bool saw_phase;
  bool saw_log;
  dbsnap_cancel* cancel;
  dbsnap_status answer;
} watcher;

static dbsnap_status watch(void* data, const dbsnap_progress* progress) {
  watcher* own = data;
  own->calls += 1;
  own->saw_phase = own->saw_phase || strlen(dbsnap_progress_phase(progress)) > 0;
  own->last_done = dbsnap_progress_bytes_done(progress);
  CHECK(dbsnap_progress_bytes_total(progress) >= -1);
  CHECK(dbsnap_progress_bytes_new(progress) <= dbsnap_progress_bytes_done(progress));
  CHECK(dbsnap_progress_item(progress) != NULL);
  (void)dbsnap_progress_bytes_stored(progress);
  (void)dbsnap_progress_items_done(progress);
  if (own->cancel != NULL) dbsnap_cancel_trigger(own->cancel);
  return own->answer;
}

static dbsnap_status listen(void* data, dbsnap_log_level level, const char* text) {
  CHECK(level >= DBSNAP_LOG_DEBUG && level <= DBSNAP_LOG_WARNING);
  CHECK(strlen(text) > 0);
  ((watcher*)data)->saw_log = true;
  return DBSNAP_OK;
}

static dbsnap_context* watched_context(watcher* own) {
  dbsnap_error* error = NULL;
  dbsnap_context* context = NULL;
  dbsnap_callbacks callbacks = {0};
  callbacks.struct_size = sizeof callbacks;
  callbacks.progress = watch;
  callbacks.log = listen;
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_OK(dbsnap_context_set_callbacks(context, &callbacks, own, &error));
  CHECK_OK(dbsnap_context_set_cancel(context, own->cancel, &error));
  return context;
}

static void progress_is_reported_and_can_stop_the_call(void) {
  dbsnap_error* error = NULL;
  make_folder();
  write_rows(path_in_folder("app.db"), 3000);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path_in_folder("app.db"));
  watcher own = {0};
  dbsnap_context* context = watched_context(&own);
  CHECK_OK(dbsnap_repository_snapshot(repository, engine, NULL, context, NULL, &error));
  CHECK(own.calls > 0);
  CHECK(own.saw_phase);
  CHECK(own.last_done > 0);
  own.answer = DBSNAP_STOPPED_BY_CALLBACK;
  CHECK_FAILS(dbsnap_repository_snapshot(repository, engine, NULL, context, NULL, &error), DBSNAP_STOPPED_BY_CALLBACK);
  dbsnap_context_free(context);
  own.answer = DBSNAP_OK;
  CHECK_OK(dbsnap_cancel_create(&own.cancel, &error));
  context = watched_context(&own);
  dbsnap_cancel_trigger(own.cancel);
  CHECK_FAILS(dbsnap_repository_snapshot(repository, engine, NULL, context, NULL, &error), DBSNAP_CANCELLED);
  dbsnap_document* snapshots = NULL;
  CHECK_OK(dbsnap_repository_list(repository, NULL, NULL, &snapshots, &error));
  CHECK_NUMBER(dbsnap_document_count(snapshots, ""), 1);
  dbsnap_document_free(snapshots);
  dbsnap_context_free(context);
  dbsnap_cancel_free(own.cancel);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void a_live_connection_is_read_through(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 100);
  sqlite3* connection = NULL;
  CHECK(sqlite3_open(path, &connection) == SQLITE_OK);
  CHECK(sqlite3_exec(connection, "SELECT count(*) FROM item", NULL, NULL, NULL) == SQLITE_OK);
  dbsnap_options* options = option_text("sqlite_schema", "main");
  CHECK_OK(dbsnap_options_set_pointer(options, "sqlite_connection", connection, &error));
  dbsnap_engine* engine = NULL;
  CHECK_OK(dbsnap_engine_open_named("sqlite", path, options, &engine, &error));
  dbsnap_options_free(options);
  dbsnap_repository* repository = new_memory_repository();
  char* id = take_snapshot(repository, engine, NULL);
  CHECK(id != NULL);
  CHECK(sqlite3_get_autocommit(connection) != 0);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  CHECK(sqlite3_close(connection) == SQLITE_OK);
  remove_folder();
}

static void missing_arguments_are_refused(void) {
  dbsnap_error* error = NULL;
  dbsnap_document* document = NULL;
  char* id = NULL;
  CHECK_FAILS(dbsnap_repository_list(NULL, NULL, NULL, &document, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_snapshot(NULL, NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_open(NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_repository* repository = new_memory_repository();
  CHECK_FAILS(dbsnap_repository_resolve(repository, NULL, NULL, NULL, &id, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_resolve(repository, "latest", NULL, NULL, &id, &error), DBSNAP_NOT_FOUND);
  CHECK_FAILS(dbsnap_repository_manifest(repository, NULL, NULL, &document, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_stats(repository, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_TEXT(dbsnap_repository_id(NULL), "");
  CHECK(!dbsnap_repository_encrypted(NULL));
  dbsnap_repository_free(repository);
}

static void what_is_no_database_is_refused(void) {
  dbsnap_error* error = NULL;
  make_folder();
  FILE* file = fopen(path_in_folder("notes.txt"), "w");
  fputs("this file holds a text that is longer than a hundred bytes but it is no database, whatever its name may say\n",
        file);
  fclose(file);
  dbsnap_repository* repository = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path_in_folder("notes.txt"));
  CHECK_FAILS(dbsnap_repository_snapshot(repository, engine, NULL, NULL, NULL, &error), DBSNAP_NOT_A_DATABASE);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

const test_case kRepositoryTests[] = {
    {"an encrypted repository opens with its password only", an_encrypted_repository_opens_with_its_password_only},
    {"a snapshot is listed, shown and restored", a_snapshot_is_listed_shown_and_restored},
    {"the second snapshot costs what changed", the_second_snapshot_costs_what_changed},
    {"a pinned snapshot is not forgotten", pinned_snapshots_are_not_forgotten},
    {"verify accepts what is sound, at every level", verify_accepts_what_is_sound},
    {"verify reads a part and remembers it", verify_reads_a_part_and_remembers_it},
    {"progress is reported, and a callback or a token stops the call", progress_is_reported_and_can_stop_the_call},
    {"a live connection of the host is read through", a_live_connection_is_read_through},
    {"missing arguments are refused", missing_arguments_are_refused},
    {"what is no database is refused", what_is_no_database_is_refused},
    {NULL, NULL},
};
