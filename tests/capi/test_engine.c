/* An engine that is a table of C functions: a "database" of two named texts in memory. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

typedef struct note_book {
  char texts[2][4096];
  size_t sizes[2];
  bool fail_read;
  bool fail_check;
  int readers;
  int sessions;
  int destroyed;
  bool saw_parent;
} note_book;

typedef struct note_session {
  int next;
} note_session;

typedef struct note_reader {
  int index;
  size_t offset;
} note_reader;

/* Readers of one book are freed by the threads that read them. */
static void count_readers(note_book* book, int change) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  book->readers += change;
  pthread_mutex_unlock(&mutex);
}

static const char* const kNames[2] = {"first", "second"};

static dbsnap_status book_begin(void* data, const dbsnap_document* parent, uint32_t threads, void** session,
                                const dbsnap_context* context, dbsnap_error** error) {
  note_book* book = data;
  (void)threads;
  const dbsnap_status stopped = dbsnap_context_check(context, error);
  if (stopped != DBSNAP_OK) return stopped;
  book->saw_parent = parent != NULL;
  book->sessions += 1;
  *session = calloc(1, sizeof(note_session));
  return DBSNAP_OK;
}

static dbsnap_status book_next(void* data, void* session, dbsnap_entry* entry, const dbsnap_context* context,
                               dbsnap_error** error) {
  note_book* book = data;
  note_session* own = session;
  (void)context;
  if (own->next == 2) return DBSNAP_OK;
  note_reader* reader = calloc(1, sizeof *reader);
  reader->index = own->next;
  const dbsnap_status status =
      dbsnap_entry_set(entry, kNames[own->next], DBSNAP_ENTRY_STREAM, (int64_t)book->sizes[own->next], reader, error);
  if (status != DBSNAP_OK) {
    free(reader);
    return status;
  }
  count_readers(book, 1);
  own->next += 1;
  dbsnap_error* second = NULL;
  CHECK_NUMBER(dbsnap_entry_set(entry, "again", DBSNAP_ENTRY_STREAM, -1, NULL, &second), DBSNAP_INVALID_ARGUMENT);
  dbsnap_error_free(second);
  return dbsnap_facts_set_bool(dbsnap_entry_facts(entry), "is_note", true, error);
}

static dbsnap_status book_read(void* data, void* reader, uint8_t* out, size_t capacity, size_t* size,
                               const dbsnap_context* context, dbsnap_error** error) {
  note_book* book = data;
  note_reader* own = reader;
  (void)context;
  if (book->fail_read) {
    *error = dbsnap_error_create(DBSNAP_SOURCE_UNREACHABLE, "the note book is closed");
    return DBSNAP_SOURCE_UNREACHABLE;
  }
  const size_t left = book->sizes[own->index] - own->offset;
  *size = left < capacity ? left : capacity;
  memcpy(out, book->texts[own->index] + own->offset, *size);
  own->offset += *size;
  return DBSNAP_OK;
}

static void book_reader_free(void* data, void* reader) {
  count_readers(data, -1);
  free(reader);
}

static dbsnap_status book_finish(void* data, void* session, dbsnap_result* result, const dbsnap_context* context,
                                 dbsnap_error** error) {
  (void)data;
  (void)session;
  (void)context;
  if (dbsnap_facts_set_int(dbsnap_result_point(result), "page", 42, error) != DBSNAP_OK ||
      dbsnap_facts_set_string(dbsnap_result_facts(result), "paper", "squared", error) != DBSNAP_OK ||
      dbsnap_facts_set_double(dbsnap_result_facts(result), "weight", 1.5, error) != DBSNAP_OK) {
    return DBSNAP_INTERNAL;
  }
  return dbsnap_result_add_warning(result, "the ink is not dry", error);
}

static void book_session_free(void* data, void* session) {
  ((note_book*)data)->sessions -= 1;
  free(session);
}

static dbsnap_status keep_text(void* data, uint64_t offset, const uint8_t* bytes, size_t size, dbsnap_error** error) {
  (void)error;
  char* text = data;
  if (offset + size > 4096) return DBSNAP_NO_SPACE;
  memcpy(text + offset, bytes, size);
  return DBSNAP_OK;
}

static dbsnap_status book_restore(void* data, const dbsnap_reader* reader, bool overwrite,
                                  const dbsnap_context* context, dbsnap_error** error) {
  note_book* book = data;
  if (book->sizes[0] > 0 && !overwrite) {
    *error = dbsnap_error_create(DBSNAP_TARGET_NOT_EMPTY, "the note book is not empty");
    return DBSNAP_TARGET_NOT_EMPTY;
  }
  dbsnap_document* manifest = NULL;
  dbsnap_status status = dbsnap_reader_manifest(reader, &manifest, error);
  for (int i = 0; i < 2 && status == DBSNAP_OK; ++i) {
    char path[64];
    snprintf(path, sizeof path, "/entries/%d/size_bytes", i);
    book->sizes[i] = (size_t)number_at(manifest, path);
    status = dbsnap_reader_copy_entry(reader, kNames[i], i == 1, keep_text, book->texts[i], context, error);
  }
  dbsnap_document_free(manifest);
  return status;
}

static dbsnap_status book_check(void* data, const dbsnap_context* context, dbsnap_error** error) {
  (void)context;
  if (!((note_book*)data)->fail_check) return DBSNAP_OK;
  *error = dbsnap_error_create(DBSNAP_DAMAGED, "a page is torn out");
  return DBSNAP_DAMAGED;
}

static dbsnap_status book_export(void* data, const dbsnap_reader* reader, dbsnap_output* out,
                                 const dbsnap_context* context, dbsnap_error** error) {
  (void)data;
  char text[4096] = {0};
  const dbsnap_status status = dbsnap_reader_copy_entry(reader, "first", false, keep_text, text, context, error);
  return status != DBSNAP_OK ? status : dbsnap_output_write(out, (const uint8_t*)text, strlen(text), error);
}

static dbsnap_status book_begin_import(void* data, dbsnap_input* file, void** session, const dbsnap_context* context,
                                       dbsnap_error** error) {
  note_book* book = data;
  size_t size = 0;
  book->sizes[0] = 0;
  do {
    const size_t left = sizeof book->texts[0] - book->sizes[0];
    const dbsnap_status status =
        dbsnap_input_read(file, (uint8_t*)book->texts[0] + book->sizes[0], left, &size, context, error);
    if (status != DBSNAP_OK) return status;
    book->sizes[0] += size;
  } while (size > 0);
  book->sessions += 1;
  *session = calloc(1, sizeof(note_session));
  return DBSNAP_OK;
}

static void book_destroy(void* data) { ((note_book*)data)->destroyed += 1; }

static dbsnap_engine_table book_table(void);

/* Restore tests of the library get a book of their own, which lives as long as the program. */
static note_book scratch;
static dbsnap_status book_scratch(void* data, const char* folder, dbsnap_engine** engine, dbsnap_error** error) {
  CHECK(strlen(folder) > 0);
  memset(&scratch, 0, sizeof scratch);
  scratch.fail_check = ((note_book*)data)->fail_check;
  const dbsnap_engine_table table = book_table();
  return dbsnap_engine_create(&table, &scratch, engine, error);
}

static dbsnap_engine_table book_table(void) {
  dbsnap_engine_table table = {0};
  table.struct_size = sizeof table;
  table.engine = "notes";
  table.url = "notes:///desk";
  table.begin = book_begin;
  table.next = book_next;
  table.read = book_read;
  table.reader_free = book_reader_free;
  table.finish = book_finish;
  table.session_free = book_session_free;
  table.restore = book_restore;
  table.check_restored = book_check;
  table.scratch_target = book_scratch;
  table.export_plain = book_export;
  table.begin_import = book_begin_import;
  table.destroy = book_destroy;
  return table;
}

static dbsnap_engine* open_book(note_book* book) {
  const dbsnap_engine_table table = book_table();
  dbsnap_engine* engine = NULL;
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_engine_create(&table, book, &engine, &error));
  return engine;
}

static void write_note(note_book* book, int index, const char* text) {
  strcpy(book->texts[index], text);
  book->sizes[index] = strlen(text);
}

static void everything_was_given_back(const note_book* book) {
  CHECK_NUMBER(book->readers, 0);
  CHECK_NUMBER(book->sessions, 0);
  CHECK_NUMBER(book->destroyed, 1);
}

static void a_custom_engine_is_backed_up_and_restored(void) {
  static note_book book, copy;
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = new_memory_repository();
  write_note(&book, 0, "buy milk");
  write_note(&book, 1, "call home");
  dbsnap_engine* engine = open_book(&book);
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  CHECK(!book.saw_parent);
  char* id = take_snapshot(repository, engine, NULL);
  CHECK(book.saw_parent);
  dbsnap_document* manifest = NULL;
  CHECK_OK(dbsnap_repository_manifest(repository, id, NULL, &manifest, &error));
  CHECK_TEXT(text_at(manifest, "/source/engine"), "notes");
  CHECK_TEXT(text_at(manifest, "/source/name"), "notes:///desk");
  CHECK_NUMBER(number_at(manifest, "/consistency_point/page"), 42);
  CHECK_TEXT(text_at(manifest, "/engine_facts/paper"), "squared");
  CHECK_TEXT(text_at(manifest, "/warnings/0"), "the ink is not dry");
  CHECK(truth_at(manifest, "/entries/0/facts/is_note"));
  dbsnap_document_free(manifest);
  dbsnap_engine* target = open_book(&copy);
  CHECK_OK(dbsnap_repository_restore(repository, id, target, NULL, NULL, NULL, &error));
  CHECK_TEXT(copy.texts[0], "buy milk");
  CHECK_TEXT(copy.texts[1], "call home");
  CHECK_FAILS(dbsnap_repository_restore(repository, id, target, NULL, NULL, NULL, &error), DBSNAP_TARGET_NOT_EMPTY);
  CHECK_OK(dbsnap_engine_check(target, NULL, &error));
  dbsnap_string_free(id);
  dbsnap_engine_free(target);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  everything_was_given_back(&book);
  everything_was_given_back(&copy);
}

static void a_failing_reader_abandons_the_snapshot(void) {
  static note_book book;
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = new_memory_repository();
  write_note(&book, 0, "x");
  book.fail_read = true;
  dbsnap_engine* engine = open_book(&book);
  CHECK_NUMBER(dbsnap_repository_snapshot(repository, engine, NULL, NULL, NULL, &error), DBSNAP_SOURCE_UNREACHABLE);
  CHECK_TEXT(dbsnap_error_message(error), "the note book is closed");
  dbsnap_error_free(error);
  error = NULL;
  dbsnap_document* snapshots = NULL;
  CHECK_OK(dbsnap_repository_list(repository, NULL, NULL, &snapshots, &error));
  CHECK_NUMBER(dbsnap_document_count(snapshots, ""), 0);
  dbsnap_document_free(snapshots);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  everything_was_given_back(&book);
}

static void verify_restores_with_the_custom_engine(void) {
  static note_book book;
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = new_memory_repository();
  write_note(&book, 0, "one");
  write_note(&book, 1, "two");
  dbsnap_engine* engine = open_book(&book);
  dbsnap_string_free(take_snapshot(repository, engine, NULL));
  dbsnap_options* options = option_text("level", "data");
  CHECK_OK(dbsnap_options_set_string(options, "scratch_folder", make_folder(), &error));
  bool sound = false;
  CHECK_OK(dbsnap_repository_verify(repository, engine, options, NULL, &sound, NULL, &error));
  CHECK(sound);
  CHECK_TEXT(scratch.texts[1], "two");
  book.fail_check = true;
  CHECK_OK(dbsnap_repository_verify(repository, engine, options, NULL, &sound, NULL, &error));
  CHECK(!sound);
  remove_folder();
  dbsnap_options_free(options);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  everything_was_given_back(&book);
}

typedef struct text_file {
  char text[256];
  size_t size;
  size_t offset;
} text_file;

static dbsnap_status append_text(void* data, uint64_t offset, const uint8_t* bytes, size_t size, dbsnap_error** error) {
  (void)error;
  text_file* file = data;
  CHECK_NUMBER(offset, file->size);
  memcpy(file->text + file->size, bytes, size);
  file->size += size;
  return DBSNAP_OK;
}

static dbsnap_status read_text(void* data, uint8_t* out, size_t capacity, size_t* size, dbsnap_error** error) {
  (void)error;
  text_file* file = data;
  const size_t left = file->size - file->offset;
  *size = left < capacity ? left : capacity;
  memcpy(out, file->text + file->offset, *size);
  file->offset += *size;
  return DBSNAP_OK;
}

static void a_custom_engine_exports_and_imports(void) {
  static note_book book, imported;
  static text_file file;
  dbsnap_error* error = NULL;
  dbsnap_repository* repository = new_memory_repository();
  write_note(&book, 0, "plain");
  dbsnap_engine* engine = open_book(&book);
  char* id = take_snapshot(repository, engine, NULL);
  CHECK_OK(dbsnap_repository_export(repository, id, engine, NULL, NULL, append_text, &file, &error));
  CHECK_TEXT(file.text, "plain");
  dbsnap_engine* other = open_book(&imported);
  dbsnap_document* manifest = NULL;
  CHECK_OK(dbsnap_repository_import(repository, other, read_text, &file, NULL, NULL, &manifest, &error));
  CHECK_TEXT(imported.texts[0], "plain");
  CHECK_NUMBER(number_at(manifest, "/entries/0/size_bytes"), 5);
  dbsnap_document_free(manifest);
  dbsnap_string_free(id);
  dbsnap_engine_free(other);
  dbsnap_engine_free(engine);
  dbsnap_repository_free(repository);
  everything_was_given_back(&book);
  everything_was_given_back(&imported);
}

static void an_engine_says_what_it_cannot_do(void) {
  dbsnap_error* error = NULL;
  dbsnap_engine* engine = NULL;
  dbsnap_engine_table table = {0};
  table.struct_size = sizeof table;
  table.engine = "notes";
  CHECK_FAILS(dbsnap_engine_create(&table, NULL, &engine, &error), DBSNAP_INVALID_ARGUMENT);
  table.url = "notes:///desk";
  CHECK_FAILS(dbsnap_engine_create(&table, NULL, &engine, &error), DBSNAP_INVALID_ARGUMENT);
  table.restore = book_restore;
  CHECK_OK(dbsnap_engine_create(&table, NULL, &engine, &error));
  CHECK_FAILS(dbsnap_engine_check(engine, NULL, &error), DBSNAP_UNSUPPORTED);
  dbsnap_repository* repository = new_memory_repository();
  CHECK_FAILS(dbsnap_repository_snapshot(repository, engine, NULL, NULL, NULL, &error), DBSNAP_UNSUPPORTED);
  dbsnap_repository_free(repository);
  dbsnap_engine_free(engine);
}

static void engine_options_need_their_engine(void) {
  dbsnap_error* error = NULL;
  dbsnap_engine* engine = NULL;
  dbsnap_options* options = option_number("sqlite_busy_timeout_ms", 5);
  CHECK_FAILS(dbsnap_engine_open_named("sqlite", "sqlite:///x.db", options, &engine, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_OK(dbsnap_engine_open_named("sqlite", "/x.db", options, &engine, &error));
  dbsnap_engine_free(engine);
  CHECK_FAILS(dbsnap_engine_open("no-such-engine:///x", &engine, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(engine == NULL);
  dbsnap_options_free(options);
}

static void a_url_of_one_source_opens_a_list_of_one_engine(void) {
  dbsnap_error* error = NULL;
  dbsnap_engine_list* engines = NULL;
  CHECK_OK(dbsnap_engine_open_all("sqlite:///x.db", NULL, &engines, &error));
  CHECK(dbsnap_engine_list_size(engines) == 1);
  dbsnap_engine* engine = dbsnap_engine_list_take(engines, 0);
  CHECK(engine != NULL);
  CHECK(dbsnap_engine_list_take(engines, 0) == NULL);
  CHECK(dbsnap_engine_list_take(engines, 1) == NULL);
  CHECK(dbsnap_engine_list_size(engines) == 1);
  dbsnap_engine_list_free(engines);
  dbsnap_engine_free(engine);
}

static void engines_nobody_took_are_freed_with_their_list(void) {
  dbsnap_error* error = NULL;
  dbsnap_engine_list* engines = NULL;
  CHECK_OK(dbsnap_engine_open_all("sqlite:///x.db", NULL, &engines, &error));
  dbsnap_engine_list_free(engines);
  CHECK_FAILS(dbsnap_engine_open_all("no-such-engine:///x", NULL, &engines, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(engines == NULL);
  CHECK(dbsnap_engine_list_size(NULL) == 0);
  CHECK(dbsnap_engine_list_take(NULL, 0) == NULL);
  dbsnap_engine_list_free(NULL);
}

const test_case kEngineTests[] = {
    {"a custom engine is backed up and restored", a_custom_engine_is_backed_up_and_restored},
    {"a failing reader abandons the snapshot", a_failing_reader_abandons_the_snapshot},
    {"verify restores with the custom engine", verify_restores_with_the_custom_engine},
    {"a custom engine exports and imports", a_custom_engine_exports_and_imports},
    {"an engine says what it cannot do", an_engine_says_what_it_cannot_do},
    {"a URL of one source opens a list of one engine", a_url_of_one_source_opens_a_list_of_one_engine},
    {"engines that nobody took are freed with their list", engines_nobody_took_are_freed_with_their_list},
    {"engine options need their engine and a path", engine_options_need_their_engine},
    {NULL, NULL},
};
