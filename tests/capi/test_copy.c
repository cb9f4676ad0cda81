/* Copies between repositories, pending copies and status through the C interface. */
#include "check.h"
#include "fixture.h"

static void a_copy_is_found_by_the_id_of_its_original(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  const int64_t rows = write_rows(path, 300);
  dbsnap_repository* source = new_memory_repository();
  dbsnap_repository* target = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  char* original = take_snapshot(source, engine, "nightly");

  bool whole = false;
  dbsnap_document* report = NULL;
  dbsnap_options* dry_run = option_truth("dry_run", true);
  CHECK_OK(dbsnap_repository_copy_from(target, source, dry_run, NULL, &whole, &report, &error));
  CHECK_TEXT(text_at(report, "/snapshots/0/state"), "planned");
  dbsnap_document_free(report);
  dbsnap_options_free(dry_run);
  CHECK_OK(dbsnap_repository_copy_from(target, source, NULL, NULL, &whole, &report, &error));
  CHECK(whole);
  CHECK_NUMBER((int64_t)dbsnap_document_count(report, "/snapshots"), 1);
  CHECK_TEXT(text_at(report, "/snapshots/0/state"), "copied");
  CHECK_TEXT(text_at(report, "/snapshots/0/origin/id"), original);
  CHECK_TEXT(text_at(report, "/from"), dbsnap_repository_id(source));

  char* id = NULL;
  CHECK_OK(dbsnap_repository_resolve(target, original, NULL, NULL, &id, &error));
  CHECK_TEXT(text_at(report, "/snapshots/0/id"), id);
  dbsnap_document_free(report);
  const char* copy = path_in_folder("copy.db");
  dbsnap_engine* restored = sqlite_engine(copy);
  CHECK_OK(dbsnap_repository_restore(target, id, restored, NULL, NULL, NULL, &error));
  CHECK_NUMBER(count_rows(copy), rows);
  dbsnap_engine_free(restored);
  CHECK_OK(dbsnap_repository_copy_from(target, source, NULL, NULL, &whole, &report, &error));
  CHECK_TEXT(text_at(report, "/snapshots/0/state"), "present");
  dbsnap_document_free(report);
  dbsnap_string_free(id);
  dbsnap_string_free(original);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(source);
  dbsnap_repository_free(target);
  remove_folder();
}

static void what_is_copied_can_be_chosen(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 10);
  dbsnap_repository* source = new_memory_repository();
  dbsnap_repository* target = new_memory_repository();
  dbsnap_engine* engine = sqlite_engine(path);
  char* tagged = take_snapshot(source, engine, "weekly");
  char* other = take_snapshot(source, engine, NULL);

  bool whole = false;
  dbsnap_document* report = NULL;
  dbsnap_options* options = NULL;
  CHECK_OK(dbsnap_options_create(&options, &error));
  CHECK_OK(dbsnap_options_add_string(options, "tag", "weekly", &error));
  CHECK_OK(dbsnap_options_set_int(options, "last", 1, &error));
  CHECK_OK(dbsnap_repository_copy_from(target, source, options, NULL, &whole, &report, &error));
  CHECK_NUMBER((int64_t)dbsnap_document_count(report, "/snapshots"), 1);
  CHECK_TEXT(text_at(report, "/snapshots/0/snapshot/id"), tagged);
  dbsnap_document_free(report);
  dbsnap_options_free(options);

  CHECK_OK(dbsnap_options_create(&options, &error));
  CHECK_OK(dbsnap_options_add_string(options, "snapshot", "0123456789abcdef0123456789abcdef", &error));
  CHECK_FAILS(dbsnap_repository_copy_from(target, source, options, NULL, &whole, &report, &error), DBSNAP_NOT_FOUND);
  CHECK(!whole);
  CHECK(report == NULL);
  dbsnap_options_free(options);
  CHECK_FAILS(dbsnap_repository_copy_from(target, NULL, NULL, NULL, &whole, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_copy_from(target, source, NULL, NULL, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_string_free(tagged);
  dbsnap_string_free(other);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(source);
  dbsnap_repository_free(target);
  remove_folder();
}

static void status_shows_age_and_pending_copies(void) {
  dbsnap_error* error = NULL;
  make_folder();
  const char* path = path_in_folder("app.db");
  write_rows(path, 10);
  dbsnap_repository* repository = new_memory_repository();
  bool too_old = true;
  dbsnap_document* status = NULL;
  CHECK_OK(dbsnap_repository_status(repository, NULL, NULL, &too_old, &status, &error));
  CHECK(!too_old);
  dbsnap_document_free(status);
  dbsnap_options* day = option_text("max_age", "26h");
  CHECK_OK(dbsnap_repository_status(repository, day, NULL, &too_old, NULL, &error));
  CHECK(too_old);

  dbsnap_engine* engine = sqlite_engine(path);
  char* id = take_snapshot(repository, engine, NULL);
  CHECK_OK(dbsnap_repository_note_pending(repository, id, "s3://bucket/app", NULL, &error));
  CHECK_OK(dbsnap_repository_status(repository, day, NULL, &too_old, &status, &error));
  CHECK(!too_old);
  CHECK_TEXT(text_at(status, "/sources/0/newest"), id);
  CHECK_NUMBER(number_at(status, "/sources/0/snapshots"), 1);
  CHECK_TEXT(text_at(status, "/pending/0/to"), "s3://bucket/app");
  CHECK_TEXT(text_at(status, "/pending/0/snapshot"), id);
  dbsnap_document_free(status);
  CHECK_OK(dbsnap_repository_settle_pending(repository, id, "s3://bucket/app", NULL, &error));
  CHECK_OK(dbsnap_repository_status(repository, day, NULL, &too_old, &status, &error));
  CHECK_NUMBER((int64_t)dbsnap_document_count(status, "/pending"), 0);
  dbsnap_document_free(status);
  CHECK_FAILS(dbsnap_repository_note_pending(repository, "x", "s3://bucket/app", NULL, &error), DBSNAP_NOT_FOUND);
  CHECK_FAILS(dbsnap_repository_note_pending(repository, id, NULL, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_settle_pending(repository, NULL, "x", NULL, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_status(NULL, NULL, NULL, &too_old, NULL, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(day);
  dbsnap_string_free(id);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  remove_folder();
}

const test_case kCopyTests[] = {
    {"a copy is found by the id of its original", a_copy_is_found_by_the_id_of_its_original},
    {"what is copied can be chosen", what_is_copied_can_be_chosen},
    {"status shows age and pending copies", status_shows_age_and_pending_copies},
    {NULL, NULL},
};
