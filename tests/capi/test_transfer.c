/* Export, import and reading the entries of a snapshot. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

static dbsnap_status write_file(void* data, uint64_t offset, const uint8_t* bytes, size_t size, dbsnap_error** error) {
  FILE* file = data;
  CHECK_NUMBER(offset, ftell(file));
  if (fwrite(bytes, 1, size, file) == size) return DBSNAP_OK;
  *error = dbsnap_error_create(DBSNAP_IO, "cannot write the exported file");
  return DBSNAP_IO;
}

static dbsnap_status read_file(void* data, uint8_t* out, size_t capacity, size_t* size, dbsnap_error** error) {
  (void)error;
  *size = fread(out, 1, capacity, data);
  return DBSNAP_OK;
}

static dbsnap_status refuse_bytes(void* data, uint64_t offset, const uint8_t* bytes, size_t size,
                                  dbsnap_error** error) {
  (void)data;
  (void)offset;
  (void)bytes;
  (void)size;
  (void)error;
  return DBSNAP_STOPPED_BY_CALLBACK;
}

static dbsnap_status refuse_to_read(void* data, uint8_t* out, size_t capacity, size_t* size, dbsnap_error** error) {
  (void)data;
  (void)out;
  (void)capacity;
  (void)size;
  (void)error;
  return DBSNAP_STOPPED_BY_CALLBACK;
}

typedef struct scene {
  dbsnap_repository* repository;
  dbsnap_engine* engine;
  char* id;
  int64_t rows;
} scene;

static scene set_scene(void) {
  scene made = {0};
  make_folder();
  const char* path = path_in_folder("app.db");
  made.rows = write_rows(path, 1000);
  made.repository = new_memory_repository();
  made.engine = sqlite_engine(path);
  made.id = take_snapshot(made.repository, made.engine, NULL);
  return made;
}

static void clear_scene(scene* used) {
  dbsnap_string_free(used->id);
  dbsnap_engine_free(used->engine);
  dbsnap_repository_free(used->repository);
  remove_folder();
}

static void export_to(const scene* from, const char* path, const char* compression) {
  dbsnap_error* error = NULL;
  dbsnap_options* options = option_text("compression", compression);
  FILE* file = fopen(path, "wb");
  CHECK_OK(dbsnap_repository_export(from->repository, from->id, NULL, options, NULL, write_file, file, &error));
  fclose(file);
  dbsnap_options_free(options);
}

static void an_export_is_a_database(void) {
  scene from = set_scene();
  const char* path = path_in_folder("export.db");
  export_to(&from, path, "none");
  CHECK_NUMBER(count_rows(path), from.rows);
  clear_scene(&from);
}

static void an_exported_file_is_imported_with_its_own_time(void) {
  static const char* const kCompressions[] = {"none", "gzip", "zstd"};
  scene from = set_scene();
  dbsnap_error* error = NULL;
  for (int i = 0; i < 3; ++i) {
    const char* path = path_in_folder("export.file");
    export_to(&from, path, kCompressions[i]);
    FILE* file = fopen(path, "rb");
    dbsnap_options* options = option_number("time_ns", INT64_C(1600000000000000000));
    CHECK_OK(dbsnap_options_set_string(options, "source_name", kCompressions[i], &error));
    dbsnap_document* manifest = NULL;
    CHECK_OK(dbsnap_repository_import(from.repository, from.engine, read_file, file, options, NULL, &manifest, &error));
    int64_t time_ns = 0;
    CHECK_OK(dbsnap_document_time(manifest, "/time", &time_ns, &error));
    CHECK_NUMBER(time_ns, INT64_C(1600000000000000000));
    const char* copy = path_in_folder("copy.db");
    dbsnap_engine* target = sqlite_engine(copy);
    CHECK_OK(dbsnap_repository_restore(from.repository, text_at(manifest, "/id"), target, NULL, NULL, NULL, &error));
    CHECK_NUMBER(count_rows(copy), from.rows);
    remove(copy);
    dbsnap_engine_free(target);
    dbsnap_document_free(manifest);
    dbsnap_options_free(options);
    fclose(file);
  }
  clear_scene(&from);
}

static void a_callback_stops_export_and_import(void) {
  scene from = set_scene();
  dbsnap_error* error = NULL;
  CHECK_FAILS(dbsnap_repository_export(from.repository, from.id, from.engine, NULL, NULL, refuse_bytes, NULL, &error),
              DBSNAP_STOPPED_BY_CALLBACK);
  CHECK_FAILS(dbsnap_repository_import(from.repository, from.engine, refuse_to_read, NULL, NULL, NULL, NULL, &error),
              DBSNAP_STOPPED_BY_CALLBACK);
  CHECK_FAILS(dbsnap_repository_export(from.repository, from.id, NULL, NULL, NULL, NULL, NULL, &error),
              DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_repository_import(from.repository, from.engine, NULL, NULL, NULL, NULL, NULL, &error),
              DBSNAP_INVALID_ARGUMENT);
  dbsnap_options* options = option_text("compression", "rar");
  CHECK_FAILS(dbsnap_repository_export(from.repository, from.id, NULL, options, NULL, write_file, NULL, &error),
              DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
  clear_scene(&from);
}

typedef struct page_sum {
  uint8_t* bytes;
  size_t size;
} page_sum;

/* Called from several threads at once: each writes its own part of the buffer. */
static dbsnap_status place_bytes(void* data, uint64_t offset, const uint8_t* bytes, size_t size, dbsnap_error** error) {
  page_sum* sum = data;
  if (offset + size > sum->size) {
    *error = dbsnap_error_create(DBSNAP_INTERNAL, "the entry is longer than its manifest says");
    return DBSNAP_INTERNAL;
  }
  memcpy(sum->bytes + offset, bytes, size);
  return DBSNAP_OK;
}

static void an_entry_is_read_in_order_and_in_parallel(void) {
  scene from = set_scene();
  dbsnap_error* error = NULL;
  dbsnap_options* options = option_number("threads", 2);
  dbsnap_reader* reader = NULL;
  dbsnap_document* manifest = NULL;
  CHECK_OK(dbsnap_repository_read(from.repository, from.id, options, NULL, &reader, &error));
  CHECK_OK(dbsnap_reader_manifest(reader, &manifest, &error));
  const char* name = text_at(manifest, "/entries/0/name");
  page_sum sums[2];
  for (int parallel = 0; parallel < 2; ++parallel) {
    sums[parallel].size = (size_t)number_at(manifest, "/entries/0/size_bytes");
    sums[parallel].bytes = calloc(1, sums[parallel].size);
    CHECK_OK(dbsnap_reader_copy_entry(reader, name, parallel == 1, place_bytes, &sums[parallel], NULL, &error));
  }
  CHECK(memcmp(sums[0].bytes, "SQLite format 3", 16) == 0);
  CHECK(memcmp(sums[0].bytes, sums[1].bytes, sums[0].size) == 0);
  CHECK_FAILS(dbsnap_reader_copy_entry(reader, "no such entry", false, place_bytes, &sums[0], NULL, &error),
              DBSNAP_NOT_FOUND);
  free(sums[0].bytes);
  free(sums[1].bytes);
  dbsnap_document_free(manifest);
  dbsnap_reader_free(reader);
  CHECK_FAILS(dbsnap_repository_read(from.repository, "0123", NULL, NULL, &reader, &error), DBSNAP_NOT_FOUND);
  CHECK(reader == NULL);
  dbsnap_options_free(options);
  clear_scene(&from);
}

const test_case kTransferTests[] = {
    {"an export is a database", an_export_is_a_database},
    {"an exported file is imported with its own time", an_exported_file_is_imported_with_its_own_time},
    {"a callback stops export and import", a_callback_stops_export_and_import},
    {"an entry is read in order and in parallel", an_entry_is_read_in_order_and_in_parallel},
    {NULL, NULL},
};
