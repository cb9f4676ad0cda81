/* Verbs for the tests: a database on disk, repositories in memory, documents read in one line. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "memory_store.h"

/* A private folder that remove_folder() deletes with everything in it. Static text, one at a time. */
const char* make_folder(void);
void remove_folder(void);
/* "<folder>/<name>"; static text, good for the next three calls. */
const char* path_in_folder(const char* name);

/* Makes a database with `rows` rows, or adds that many. Returns the number of rows it then has. */
int64_t write_rows(const char* path, int rows);
int64_t count_rows(const char* path);
/* True when both files hold the same bytes. */
bool same_files(const char* left, const char* right);

/* A new unencrypted repository; the sink handle is freed. */
dbsnap_repository* new_repository(dbsnap_sink* sink);
dbsnap_repository* new_memory_repository(void);
dbsnap_engine* sqlite_engine(const char* path);
/* Takes a snapshot tagged `tag` (may be NULL); its id is freed with dbsnap_string_free(). */
char* take_snapshot(dbsnap_repository* repository, dbsnap_engine* engine, const char* tag);

/* Values of a document; a missing one is a failed check and 0 or "". */
const char* text_at(const dbsnap_document* document, const char* path);
int64_t number_at(const dbsnap_document* document, const char* path);
bool truth_at(const dbsnap_document* document, const char* path);
/* Options with one value, to be freed by the caller. */
dbsnap_options* option_text(const char* key, const char* value);
dbsnap_options* option_number(const char* key, int64_t value);
dbsnap_options* option_truth(const char* key, bool value);

#endif
