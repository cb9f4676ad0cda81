/*
 * dbsnap.h - the C interface of dbsnap: snapshots of live databases, stored in a repository,
 * verified and restored.
 *
 * Rules that hold for every function
 *
 * - Every type is opaque. A handle is freed by the function named after it; freeing NULL does nothing.
 * - A function that can fail returns a dbsnap_status and takes `dbsnap_error **error` last. Pass NULL
 *   when the status is enough. On failure `*error` is a new error to be freed with dbsnap_error_free()
 *   (NULL when there was no memory left to make one); on success it is NULL. There is no "last error".
 * - Inputs are borrowed for the call. Outputs are NULL, 0 or false on failure. An output of type `char **` is
 *   freed with dbsnap_string_free(), never with free(). A returned `const char *` stays valid until
 *   the object that it came from is changed or freed.
 * - Text is UTF-8 and ends with a zero byte; bytes are pointer and length; sizes are bytes; times are
 *   int64_t nanoseconds since 1970-01-01 UTC.
 * - `options` may be NULL (defaults). An operation's keys are named in its comment, all of them in docs/options.md.
 * - `context` may be NULL (never cancels, no deadline, silent).
 * - The library never prints, never exits and installs no signal handler. No initialisation is needed.
 *
 * Threads
 *
 * | handle                                              | may be used by                                        |
 * |-----------------------------------------------------|-------------------------------------------------------|
 * | dbsnap_repository, dbsnap_sink, dbsnap_policy       | any number of threads at once                         |
 * | dbsnap_cancel                                       | any number of threads at once                         |
 * | dbsnap_context                                      | any number of calls at once, while nobody changes it  |
 * | dbsnap_document, dbsnap_reader, dbsnap_plan         | any number of threads at once                         |
 * | dbsnap_engine, dbsnap_options, dbsnap_error         | one thread at a time                                  |
 * | what a callback is handed (progress, entry, ...)    | that callback, until it returns                       |
 *
 * Freeing a handle that a running call uses is an error of the caller, whatever its type. What may run
 * beside what on one repository: docs/c-api.md, "Concurrency".
 *
 * Stability: signatures never change; a better function gets a new name; tables only grow at their end.
 * Every function here exists since 0.1.
 */
#ifndef DBSNAP_H
#define DBSNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DBSNAP_VERSION_MAJOR 0
#define DBSNAP_VERSION_MINOR 1
#define DBSNAP_VERSION_PATCH 0
#define DBSNAP_VERSION_STRING "0.1.0"

#if defined(__GNUC__)
#define DBSNAP_C_API __attribute__((visibility("default")))
#else
#define DBSNAP_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------------ */

/** Outcome of a call: DBSNAP_OK or what went wrong. The numbers are stable for ever; docs/errors.md explains each. */
typedef int32_t dbsnap_status;

enum {
  DBSNAP_OK = 0,
  DBSNAP_INTERNAL = 1,                   /**< a bug in dbsnap, or a failure that fits no other code */
  DBSNAP_INVALID_ARGUMENT = 2,           /**< the caller asked for something that makes no sense */
  DBSNAP_SOURCE_UNREACHABLE = 4,         /**< the database or folder to back up cannot be reached */
  DBSNAP_STORAGE_UNREACHABLE = 5,        /**< the repository's storage cannot be reached */
  DBSNAP_NO_SPACE = 6,                   /**< disk full or quota reached */
  DBSNAP_ACCESS_REFUSED = 7,             /**< the operating system or the server refused */
  DBSNAP_NO_REPOSITORY = 10,             /**< there is no repository at this place */
  DBSNAP_LOCKED = 11,                    /**< another operation must finish first */
  DBSNAP_WRONG_KEY = 12,                 /**< the password does not open any key slot */
  DBSNAP_DAMAGED = 20,                   /**< bytes read back are not the bytes written */
  DBSNAP_DRILL_FAILED = 21,              /**< a restore test ran and found a fault */
  DBSNAP_TOO_OLD = 22,                   /**< the newest snapshot is older than allowed */
  DBSNAP_TARGET_NOT_EMPTY = 23,          /**< the restore target exists and overwrite was not asked for */
  DBSNAP_INCOMPATIBLE_VERSION = 24,      /**< written by a newer dbsnap or a newer server */
  DBSNAP_POINT_IN_TIME_UNREACHABLE = 25, /**< no snapshot and log reach the requested time */
  DBSNAP_DRILL_NOT_RUN = 26,             /**< a restore test could not be carried out */
  DBSNAP_NOT_FOUND = 40,                 /**< no such object, snapshot or entry */
  DBSNAP_ALREADY_EXISTS = 41,            /**< create-if-absent met something */
  DBSNAP_NOT_A_DATABASE = 42,            /**< the source is not what its engine reads */
  DBSNAP_UNSUPPORTED = 43,               /**< known, but this build or engine cannot do it */
  DBSNAP_IO = 44,                        /**< reading or writing failed */
  DBSNAP_DEADLINE_EXCEEDED = 45,         /**< the context's deadline passed */
  DBSNAP_STOPPED_BY_CALLBACK = 46,       /**< a callback of the caller asked to stop; the caller knows why */
  DBSNAP_TARGET_BUSY = 47,               /**< the restore target is in use by another process */
  DBSNAP_CANCELLED = 130                 /**< dbsnap_cancel_trigger() was called */
};

/** Name of a status as printed in `error[NAME]`, "ok" for DBSNAP_OK. Never NULL; lives as long as the library. */
DBSNAP_C_API const char* dbsnap_status_name(dbsnap_status status);

/* ---- Handles ----------------------------------------------------------------------------------- */

typedef struct dbsnap_error dbsnap_error;             /**< why a call failed */
typedef struct dbsnap_document dbsnap_document;       /**< a report: JSON text with access by path */
typedef struct dbsnap_options dbsnap_options;         /**< settings by key */
typedef struct dbsnap_cancel dbsnap_cancel;           /**< token that stops running calls */
typedef struct dbsnap_context dbsnap_context;         /**< what travels with a call: token, deadline, callbacks */
typedef struct dbsnap_progress dbsnap_progress;       /**< a reading of a running call */
typedef struct dbsnap_sink dbsnap_sink;               /**< where objects are kept */
typedef struct dbsnap_engine dbsnap_engine;           /**< a database adapter bound to one source or target */
typedef struct dbsnap_engine_list dbsnap_engine_list; /**< the engines of a URL that names several sources */
typedef struct dbsnap_policy dbsnap_policy;           /**< a retention policy */
typedef struct dbsnap_repository dbsnap_repository;   /**< everything kept in one sink */
typedef struct dbsnap_reader dbsnap_reader;           /**< a stored snapshot, opened for reading */
typedef struct dbsnap_plan dbsnap_plan;               /**< what a prune would do */
typedef struct dbsnap_buffer dbsnap_buffer;           /**< takes the bytes a custom sink returns */
typedef struct dbsnap_facts dbsnap_facts;             /**< named values of a custom engine */
typedef struct dbsnap_entry dbsnap_entry;             /**< takes a custom engine's next entry */
typedef struct dbsnap_result dbsnap_result;           /**< takes a custom engine's closing words */
typedef struct dbsnap_input dbsnap_input;             /**< a plain file that is being imported */
typedef struct dbsnap_output dbsnap_output;           /**< a plain file that is being exported */
typedef struct dbsnap_verdicts dbsnap_verdicts;       /**< takes a custom policy's decisions */

/* ---- Version and strings ----------------------------------------------------------------------- */

/** Version of the library that is running, for example "0.1.0"; compare it with DBSNAP_VERSION_STRING. */
DBSNAP_C_API const char* dbsnap_version(void);
/** Newest repository format this library writes; it reads every older one. */
DBSNAP_C_API int32_t dbsnap_repository_format(void);
/** True when the engine or sink `name` ("sqlite", "local") was built in. */
DBSNAP_C_API bool dbsnap_has_component(const char* name);
/** What was built in: an array of {"kind", "name", "schemes"}. */
DBSNAP_C_API dbsnap_status dbsnap_components(dbsnap_document** document, dbsnap_error** error);
/** Frees text returned through a `char **`. */
DBSNAP_C_API void dbsnap_string_free(char* text);

/* ---- Errors ------------------------------------------------------------------------------------ */

/** Frees the error and every text that was read from it. */
DBSNAP_C_API void dbsnap_error_free(dbsnap_error* error);
/** The status that the failed call returned. */
DBSNAP_C_API dbsnap_status dbsnap_error_code(const dbsnap_error* error);
/** Name of the code, for example "no-repository". */
DBSNAP_C_API const char* dbsnap_error_name(const dbsnap_error* error);
/** What failed: lower case, one line, names the object, holds no secret. */
DBSNAP_C_API const char* dbsnap_error_message(const dbsnap_error* error);
/** The operating system's or the server's own words, or "". */
DBSNAP_C_API const char* dbsnap_error_why(const dbsnap_error* error);
/** One command to run next, or "". */
DBSNAP_C_API const char* dbsnap_error_hint(const dbsnap_error* error);
/** True when the same call may succeed later without a change by the caller. */
DBSNAP_C_API bool dbsnap_error_retryable(const dbsnap_error* error);
/** errno, SQLite extended code, HTTP status or 0. */
DBSNAP_C_API int64_t dbsnap_error_native_code(const dbsnap_error* error);
/** Exit code that the dbsnap program would end with. */
DBSNAP_C_API int32_t dbsnap_error_exit_code(const dbsnap_error* error);
/** Number of facts for programs that the error carries. */
DBSNAP_C_API size_t dbsnap_error_context_count(const dbsnap_error* error);
/** Key of fact `index`, for example "object"; NULL past the end. */
DBSNAP_C_API const char* dbsnap_error_context_key(const dbsnap_error* error, size_t index);
/** Value of fact `index`; NULL past the end. */
DBSNAP_C_API const char* dbsnap_error_context_value(const dbsnap_error* error, size_t index);
/** All of it as one JSON document. NULL when there is no memory for it. */
DBSNAP_C_API const char* dbsnap_error_json(const dbsnap_error* error);

/**
 * Makes an error for a callback to hand to the library: `*error = dbsnap_error_create(DBSNAP_IO, "...");
 * return DBSNAP_IO;`. The library takes it over. DBSNAP_OK and unknown codes become DBSNAP_INTERNAL. NULL without
 * memory.
 */
DBSNAP_C_API dbsnap_error* dbsnap_error_create(dbsnap_status code, const char* message);
/** Sets what dbsnap_error_why() returns. NULL `error` is ignored, here and in the next four. */
DBSNAP_C_API void dbsnap_error_set_why(dbsnap_error* error, const char* text);
/** Sets what dbsnap_error_hint() returns. */
DBSNAP_C_API void dbsnap_error_set_hint(dbsnap_error* error, const char* command);
/** Sets what dbsnap_error_retryable() returns; false at first. */
DBSNAP_C_API void dbsnap_error_set_retryable(dbsnap_error* error, bool retryable);
/** Sets what dbsnap_error_native_code() returns; 0 at first. */
DBSNAP_C_API void dbsnap_error_set_native_code(dbsnap_error* error, int64_t code);
/** Adds one fact. */
DBSNAP_C_API void dbsnap_error_add_context(dbsnap_error* error, const char* key, const char* value);

/* ---- Documents --------------------------------------------------------------------------------- */

/*
 * Reports are JSON documents (docs/json.md describes each). A program without a JSON parser reads single
 * values by path, in the notation of RFC 6901: "/stats/bytes_stored", "/entries/0/name", "" for the whole.
 */

/** Frees the document and every text that was read from it. */
DBSNAP_C_API void dbsnap_document_free(dbsnap_document* document);
/** The whole document as JSON text. */
DBSNAP_C_API const char* dbsnap_document_json(const dbsnap_document* document);
/** Number of elements of the array or members of the object at `path`; 0 for anything else, also when absent. */
DBSNAP_C_API size_t dbsnap_document_count(const dbsnap_document* document, const char* path);
/** Text at `path`. Errors, here and below: not_found, invalid_argument for a value of another type. */
DBSNAP_C_API dbsnap_status dbsnap_document_string(const dbsnap_document* document, const char* path, const char** value,
                                                  dbsnap_error** error);
/** Whole number at `path`. */
DBSNAP_C_API dbsnap_status dbsnap_document_int(const dbsnap_document* document, const char* path, int64_t* value,
                                               dbsnap_error** error);
/** Truth value at `path`. */
DBSNAP_C_API dbsnap_status dbsnap_document_bool(const dbsnap_document* document, const char* path, bool* value,
                                                dbsnap_error** error);
/** Time at `path`. */
DBSNAP_C_API dbsnap_status dbsnap_document_time(const dbsnap_document* document, const char* path, int64_t* time_ns,
                                                dbsnap_error** error);

/* ---- Options ----------------------------------------------------------------------------------- */

/** Makes an empty set of options. */
DBSNAP_C_API dbsnap_status dbsnap_options_create(dbsnap_options** options, dbsnap_error** error);
/** Frees the options; passwords in them are overwritten first. */
DBSNAP_C_API void dbsnap_options_free(dbsnap_options* options);
/**
 * Sets a text option. Errors, here and below: invalid_argument for an unknown key (the message names the
 * nearest known one) and for a key of another type. An operation refuses options that it has no use for.
 */
DBSNAP_C_API dbsnap_status dbsnap_options_set_string(dbsnap_options* options, const char* key, const char* value,
                                                     dbsnap_error** error);
/** Appends to an option that is a list of texts, for example "tag". */
DBSNAP_C_API dbsnap_status dbsnap_options_add_string(dbsnap_options* options, const char* key, const char* value,
                                                     dbsnap_error** error);
/** Sets a whole-number option; the unit is the last word of its key. */
DBSNAP_C_API dbsnap_status dbsnap_options_set_int(dbsnap_options* options, const char* key, int64_t value,
                                                  dbsnap_error** error);
/** Sets a yes-or-no option. */
DBSNAP_C_API dbsnap_status dbsnap_options_set_bool(dbsnap_options* options, const char* key, bool value,
                                                   dbsnap_error** error);
/** Sets an option that is a live object of the caller's, for example "sqlite_connection". Borrowed. */
DBSNAP_C_API dbsnap_status dbsnap_options_set_pointer(dbsnap_options* options, const char* key, void* value,
                                                      dbsnap_error** error);
/** All known options: an array of {"key", "type", "used_by", "text"}. */
DBSNAP_C_API dbsnap_status dbsnap_options_known(dbsnap_document** document, dbsnap_error** error);

/* ---- Context: cancellation, deadline, progress, log -------------------------------------------- */

/** Makes a token. One token may stop many calls; once triggered it stays so. */
DBSNAP_C_API dbsnap_status dbsnap_cancel_create(dbsnap_cancel** cancel, dbsnap_error** error);
/** Makes every call that carries the token end soon with DBSNAP_CANCELLED. Not for signal handlers. */
DBSNAP_C_API void dbsnap_cancel_trigger(dbsnap_cancel* cancel);
/** Frees the token; contexts that carry it are unaffected. */
DBSNAP_C_API void dbsnap_cancel_free(dbsnap_cancel* cancel);

typedef int32_t dbsnap_log_level;
enum { DBSNAP_LOG_DEBUG = 0, DBSNAP_LOG_INFO = 1, DBSNAP_LOG_WARNING = 2 };

/**
 * Callbacks of a context. Set struct_size to sizeof(dbsnap_callbacks) and the rest to zero before filling it;
 * members left NULL are not called. Calls come from one thread at a time, but not always the same one. A status
 * other than DBSNAP_OK stops the operation, which then fails with it; use DBSNAP_STOPPED_BY_CALLBACK.
 */
typedef struct dbsnap_callbacks {
  size_t struct_size;
  /** At most ten times a second and once at the end of each phase. */
  dbsnap_status (*progress)(void* user_data, const dbsnap_progress* progress);
  /** One line without a line end. */
  dbsnap_status (*log)(void* user_data, dbsnap_log_level level, const char* text);
  /** Called once when the context is freed or gets other callbacks. */
  void (*destroy)(void* user_data);
} dbsnap_callbacks;

/** Makes a context without token, deadline and callbacks. */
DBSNAP_C_API dbsnap_status dbsnap_context_create(dbsnap_context** context, dbsnap_error** error);
/** Frees the context; calls destroy of its callbacks. */
DBSNAP_C_API void dbsnap_context_free(dbsnap_context* context);
/** Makes calls with this context stop when `cancel` is triggered; NULL: never. */
DBSNAP_C_API dbsnap_status dbsnap_context_set_cancel(dbsnap_context* context, const dbsnap_cancel* cancel,
                                                     dbsnap_error** error);
/** Calls with this context fail with DBSNAP_DEADLINE_EXCEEDED from `timeout_ms` after now on; negative: never. */
DBSNAP_C_API dbsnap_status dbsnap_context_set_timeout(dbsnap_context* context, int64_t timeout_ms,
                                                      dbsnap_error** error);
/** Copies the table. `user_data` belongs to the context from success on, until destroy. NULL: no callbacks. */
DBSNAP_C_API dbsnap_status dbsnap_context_set_callbacks(dbsnap_context* context, const dbsnap_callbacks* callbacks,
                                                        void* user_data, dbsnap_error** error);
/** For callbacks that take long: fails with the status to return when the caller wants no more work. */
DBSNAP_C_API dbsnap_status dbsnap_context_check(const dbsnap_context* context, dbsnap_error** error);

/** Where the call is: "connect", "read", "commit", "restore", "verify", "prune", "export" or "import". */
DBSNAP_C_API const char* dbsnap_progress_phase(const dbsnap_progress* progress);
/** Entry, object or snapshot being worked on, or "". */
DBSNAP_C_API const char* dbsnap_progress_item(const dbsnap_progress* progress);
/** Plain bytes read, written or checked so far. */
DBSNAP_C_API uint64_t dbsnap_progress_bytes_done(const dbsnap_progress* progress);
/** Expected plain bytes, -1 when not known. */
DBSNAP_C_API int64_t dbsnap_progress_bytes_total(const dbsnap_progress* progress);
/** Backup: plain bytes not found in the parent snapshot. */
DBSNAP_C_API uint64_t dbsnap_progress_bytes_new(const dbsnap_progress* progress);
/** Backup: bytes written to the sink. */
DBSNAP_C_API uint64_t dbsnap_progress_bytes_stored(const dbsnap_progress* progress);
/** Entries, objects or snapshots finished. */
DBSNAP_C_API uint64_t dbsnap_progress_items_done(const dbsnap_progress* progress);

/* ---- Sinks ------------------------------------------------------------------------------------- */

/** Opens a store by URL: "file:///srv/backups", a plain path, "memory:". Errors: invalid_argument, unsupported. */
DBSNAP_C_API dbsnap_status dbsnap_sink_open(const char* url, dbsnap_sink** sink, dbsnap_error** error);

/** Shows one object to the library while a custom sink lists. False: the library has seen enough, stop. */
typedef bool (*dbsnap_object_visitor)(void* visitor_data, const char* key, uint64_t size);

enum {
  DBSNAP_SINK_IF_ABSENT = 1,        /**< put with if_absent is decided by the store, also between processes */
  DBSNAP_SINK_LIST_AFTER_WRITE = 2, /**< list shows every object whose put has returned */
  DBSNAP_SINK_CHEAP_READS = 4       /**< a ranged get costs about as much as reading a local file */
};

/**
 * A store of your own. Set struct_size to sizeof(dbsnap_sink_table) and the rest to zero before filling it. All members
 * but destroy are required. Calls come from many threads at once. Keys are 1 to 512 bytes of [a-z0-9._-] in segments
 * joined by '/'; objects are 0 bytes to 64 MiB and never change. `error` is never NULL: see dbsnap_error_create(). Fail
 * with storage_unreachable (retryable) when the store does not answer, access_refused, no_space, io otherwise.
 */
typedef struct dbsnap_sink_table {
  size_t struct_size;
  /** Where this is, for people, without secrets. Copied. */
  const char* url;
  /** What the store promises: DBSNAP_SINK_... bits. */
  uint32_t capabilities;
  /**
   * Stores the bytes whole or not at all, also in a crash; durable on return. With `if_absent` and a key that exists
   * changes nothing and sets `*already_exists`; of several callers at once exactly one stores.
   */
  dbsnap_status (*put)(void* user_data, const char* key, const uint8_t* bytes, size_t size, bool if_absent,
                       bool* already_exists, const dbsnap_context* context, dbsnap_error** error);
  /**
   * Appends up to `length` bytes from `offset` to `out`; fewer only where the object ends. `length` may be UINT64_MAX.
   * Fails with DBSNAP_NOT_FOUND when there is no such object.
   */
  dbsnap_status (*get)(void* user_data, const char* key, uint64_t offset, uint64_t length, dbsnap_buffer* out,
                       const dbsnap_context* context, dbsnap_error** error);
  /** Tells whether the object exists and its size. Doubt is an error, never "absent". */
  dbsnap_status (*stat)(void* user_data, const char* key, bool* exists, uint64_t* size, const dbsnap_context* context,
                        dbsnap_error** error);
  /** Shows every object whose key starts with `prefix` once, in any order. A listing that is not complete must fail. */
  dbsnap_status (*list)(void* user_data, const char* prefix, dbsnap_object_visitor visitor, void* visitor_data,
                        const dbsnap_context* context, dbsnap_error** error);
  /** Removes the object; an absent one is success. */
  dbsnap_status (*remove)(void* user_data, const char* key, const dbsnap_context* context, dbsnap_error** error);
  /** Called once when the last user of the sink, repositories included, is gone. */
  void (*destroy)(void* user_data);
} dbsnap_sink_table;

/** Makes a sink from a copy of `table`. `user_data` belongs to the sink from success on, until destroy. */
DBSNAP_C_API dbsnap_status dbsnap_sink_create(const dbsnap_sink_table* table, void* user_data, dbsnap_sink** sink,
                                              dbsnap_error** error);
/**
 * Examines a store: can it be reached, may objects be put, read, listed and removed, what does it promise, is there a
 * repository, how much room is left. Needs no password; puts and removes one small object unless the option write_trial
 * is false. What goes wrong is a finding and no failure of the call. `*exit_code` (may be NULL) is 0 when nothing need
 * be done, 3 with warnings, else that of the first failure; `*report` (may be NULL) holds the findings. Options:
 * write_trial. Errors: cancelled, deadline_exceeded.
 */
DBSNAP_C_API dbsnap_status dbsnap_sink_examine(dbsnap_sink* sink, const dbsnap_options* options,
                                               const dbsnap_context* context, int* exit_code, dbsnap_document** report,
                                               dbsnap_error** error);
/** Frees the handle; a repository that was opened on it keeps the sink. */
DBSNAP_C_API void dbsnap_sink_free(dbsnap_sink* sink);
/** In get of a custom sink: appends bytes. False when there is no memory: fail with DBSNAP_INTERNAL. */
DBSNAP_C_API bool dbsnap_buffer_append(dbsnap_buffer* buffer, const uint8_t* bytes, size_t size);

/* ---- Engines ----------------------------------------------------------------------------------- */

/**
 * Opens the engine of a source or target URL, for example "sqlite:///srv/app.db". The database is not touched yet.
 * Errors: invalid_argument, unsupported.
 */
DBSNAP_C_API dbsnap_status dbsnap_engine_open(const char* url, dbsnap_engine** engine, dbsnap_error** error);
/**
 * Opens engine `name` for `target`, a plain path or a URL of that engine. Options, for "sqlite" with an absolute path:
 * sqlite_connection, sqlite_schema, sqlite_busy_timeout_ms. Errors as above.
 */
DBSNAP_C_API dbsnap_status dbsnap_engine_open_named(const char* name, const char* target, const dbsnap_options* options,
                                                    dbsnap_engine** engine, dbsnap_error** error);
/**
 * Opens an engine for each source that `url` names: "postgres://host/?databases=all" stands for several databases, each
 * of which becomes a snapshot of its own; every other URL for the one engine of dbsnap_engine_open(). At least one. May
 * connect. Errors: as above, source_unreachable, access_refused, cancelled, deadline_exceeded.
 */
DBSNAP_C_API dbsnap_status dbsnap_engine_open_all(const char* url, const dbsnap_context* context,
                                                  dbsnap_engine_list** engines, dbsnap_error** error);
/** How many engines were opened, those that were taken included. */
DBSNAP_C_API size_t dbsnap_engine_list_size(const dbsnap_engine_list* engines);
/** Hands engine `index` over to the caller, who frees it; NULL past the end and for one that was taken before. */
DBSNAP_C_API dbsnap_engine* dbsnap_engine_list_take(dbsnap_engine_list* engines, size_t index);
/** Frees the list with the engines that nobody took. */
DBSNAP_C_API void dbsnap_engine_list_free(dbsnap_engine_list* engines);
/** Proves that the place this engine is bound to holds a sound database. Errors: damaged, source_unreachable. */
DBSNAP_C_API dbsnap_status dbsnap_engine_check(dbsnap_engine* engine, const dbsnap_context* context,
                                               dbsnap_error** error);

typedef int32_t dbsnap_entry_kind;
enum {
  DBSNAP_ENTRY_PAGE_FILE = 0, /**< pages that are overwritten in place: fixed chunks */
  DBSNAP_ENTRY_STREAM = 1     /**< text or records that move when something is inserted: content-defined chunks */
};

/**
 * A database adapter of your own. Set struct_size to sizeof(dbsnap_engine_table) and the rest to zero before filling
 * it. Required for backups: begin, next, read, finish; for restores: restore. What is left NULL fails with
 * DBSNAP_UNSUPPORTED, except session_free, reader_free and destroy, which are then skipped, and export_plain (see
 * there). `error` is never NULL.
 *
 * A backup is begin, then next until it gives no entry (one call at a time, from several threads), each reader read to
 * its end (one thread at a time) and freed, then finish, then session_free. Without finish the backup was abandoned.
 */
typedef struct dbsnap_engine_table {
  size_t struct_size;
  /** Name of the engine, for example "mydb". Required. Copied, like the next two. */
  const char* engine;
  /** What it is bound to, without secrets. Required; it is part of the source's identity. */
  const char* url;
  /** Short name for people; NULL: the URL. */
  const char* name;
  /** Fixes the state that the snapshot will show. `parent` is the manifest of the snapshot to compare with, or NULL. */
  dbsnap_status (*begin)(void* user_data, const dbsnap_document* parent, uint32_t threads, void** session,
                         const dbsnap_context* context, dbsnap_error** error);
  /** Fills `entry` by dbsnap_entry_set(), or leaves it alone when there are no more. */
  dbsnap_status (*next)(void* user_data, void* session, dbsnap_entry* entry, const dbsnap_context* context,
                        dbsnap_error** error);
  /** Writes up to `capacity` bytes of an entry to `out` and their number to `size`: at least one, or 0 at the end. */
  dbsnap_status (*read)(void* user_data, void* reader, uint8_t* out, size_t capacity, size_t* size,
                        const dbsnap_context* context, dbsnap_error** error);
  /** Frees what was handed to dbsnap_entry_set() as `reader`. */
  void (*reader_free)(void* user_data, void* reader);
  /** Everything was read: record the consistency point and facts in `result`. */
  dbsnap_status (*finish)(void* user_data, void* session, dbsnap_result* result, const dbsnap_context* context,
                          dbsnap_error** error);
  /** Frees the session; leaves the source as it was found. */
  void (*session_free)(void* user_data, void* session);
  /**
   * Writes the snapshot to the place this engine is bound to, by dbsnap_reader_copy_entry(): beside the target first,
   * then put in place at once. Fails with target_not_empty or target_busy before anything is written.
   */
  dbsnap_status (*restore)(void* user_data, const dbsnap_reader* reader, bool overwrite, const dbsnap_context* context,
                           dbsnap_error** error);
  /** Proves that what restore() wrote is sound; fails with DBSNAP_DAMAGED. */
  dbsnap_status (*check_restored)(void* user_data, const dbsnap_context* context, dbsnap_error** error);
  /** Makes an engine of the same kind bound to a new path in `folder`, for restore tests; the library takes it over. */
  dbsnap_status (*scratch_target)(void* user_data, const char* folder, dbsnap_engine** engine, dbsnap_error** error);
  /** Writes the snapshot as one plain file. NULL: the bytes of its only entry. */
  dbsnap_status (*export_plain)(void* user_data, const dbsnap_reader* reader, dbsnap_output* out,
                                const dbsnap_context* context, dbsnap_error** error);
  /** As begin, over a plain file; `file` may be read until session_free has returned. */
  dbsnap_status (*begin_import)(void* user_data, dbsnap_input* file, void** session, const dbsnap_context* context,
                                dbsnap_error** error);
  /** Called once when the last user of the engine is gone. */
  void (*destroy)(void* user_data);
} dbsnap_engine_table;

/** Makes an engine from a copy of `table`. `user_data` belongs to the engine from success on, until destroy. */
DBSNAP_C_API dbsnap_status dbsnap_engine_create(const dbsnap_engine_table* table, void* user_data,
                                                dbsnap_engine** engine, dbsnap_error** error);
/** Frees the engine. */
DBSNAP_C_API void dbsnap_engine_free(dbsnap_engine* engine);

/**
 * In next of a custom engine: describes the entry. `name` is unique in the snapshot and not empty; `size_hint` is for
 * progress only, -1 when not known; `reader` is what read and reader_free get: they own it from success on.
 */
DBSNAP_C_API dbsnap_status dbsnap_entry_set(dbsnap_entry* entry, const char* name, dbsnap_entry_kind kind,
                                            int64_t size_hint, void* reader, dbsnap_error** error);
/** Facts recorded with the entry. */
DBSNAP_C_API dbsnap_facts* dbsnap_entry_facts(dbsnap_entry* entry);
/** In finish of a custom engine: facts that name the captured state. */
DBSNAP_C_API dbsnap_facts* dbsnap_result_point(dbsnap_result* result);
/** In finish of a custom engine: versions, settings, sizes worth keeping. */
DBSNAP_C_API dbsnap_facts* dbsnap_result_facts(dbsnap_result* result);
/** In finish of a custom engine: the snapshot is complete, but the user should know this. */
DBSNAP_C_API dbsnap_status dbsnap_result_add_warning(dbsnap_result* result, const char* text, dbsnap_error** error);
/** Records a text; `key` in snake_case with the unit last. The same for the next three. */
DBSNAP_C_API dbsnap_status dbsnap_facts_set_string(dbsnap_facts* facts, const char* key, const char* value,
                                                   dbsnap_error** error);
/** Records a whole number. */
DBSNAP_C_API dbsnap_status dbsnap_facts_set_int(dbsnap_facts* facts, const char* key, int64_t value,
                                                dbsnap_error** error);
/** Records a number. */
DBSNAP_C_API dbsnap_status dbsnap_facts_set_double(dbsnap_facts* facts, const char* key, double value,
                                                   dbsnap_error** error);
/** Records a truth value. */
DBSNAP_C_API dbsnap_status dbsnap_facts_set_bool(dbsnap_facts* facts, const char* key, bool value,
                                                 dbsnap_error** error);
/** In a custom engine's import: reads up to `capacity` bytes; `*size` is 0 at the end of the file. */
DBSNAP_C_API dbsnap_status dbsnap_input_read(dbsnap_input* input, uint8_t* out, size_t capacity, size_t* size,
                                             const dbsnap_context* context, dbsnap_error** error);
/** In a custom engine's export: appends bytes to the file. */
DBSNAP_C_API dbsnap_status dbsnap_output_write(dbsnap_output* output, const uint8_t* bytes, size_t size,
                                               dbsnap_error** error);

/* ---- Retention policies ------------------------------------------------------------------------ */

/**
 * Makes the built-in policy. Options: keep_last, keep_within, keep_hourly, keep_daily, keep_weekly, keep_monthly,
 * keep_yearly, keep_tag, keep_minimum. Without any rule it keeps everything. Pinned snapshots and the newest good one
 * always stay.
 */
DBSNAP_C_API dbsnap_status dbsnap_policy_create_keep(const dbsnap_options* options, dbsnap_policy** policy,
                                                     dbsnap_error** error);

/**
 * A policy of your own. Set struct_size to sizeof(dbsnap_policy_table) and the rest to zero before filling it. evaluate
 * may be called from several threads and sees the snapshots of one source at a time, as an array of summaries
 * (docs/json.md). It decides each by its index; what it does not mention is kept. It must depend on its arguments
 * alone.
 */
typedef struct dbsnap_policy_table {
  size_t struct_size;
  dbsnap_status (*evaluate)(void* user_data, const dbsnap_document* snapshots, int64_t now_ns,
                            dbsnap_verdicts* verdicts, dbsnap_error** error);
  void (*destroy)(void* user_data);
} dbsnap_policy_table;

/** Makes a policy from a copy of `table`. `user_data` belongs to the policy from success on, until destroy. */
DBSNAP_C_API dbsnap_status dbsnap_policy_create(const dbsnap_policy_table* table, void* user_data,
                                                dbsnap_policy** policy, dbsnap_error** error);
/** Frees the policy. */
DBSNAP_C_API void dbsnap_policy_free(dbsnap_policy* policy);
/**
 * In evaluate: keeps snapshot `index` because of `rule`, a rule name as in reports ("last", "daily", "tagged", ...),
 * with a detail for people or NULL. Several reasons add up. Errors: invalid_argument for an index or a name that does
 * not exist.
 */
DBSNAP_C_API dbsnap_status dbsnap_verdicts_keep(dbsnap_verdicts* verdicts, size_t index, const char* rule,
                                                const char* detail, dbsnap_error** error);
/** In evaluate: snapshot `index` may go. */
DBSNAP_C_API dbsnap_status dbsnap_verdicts_remove(dbsnap_verdicts* verdicts, size_t index, dbsnap_error** error);

/* ---- Repository -------------------------------------------------------------------------------- */

/**
 * Makes a new repository. Options: password (required unless encrypt is false, else refused), encrypt,
 * chunk_size_bytes, frame_size_bytes, pack_size_bytes, cache_folder, cache_size_bytes. Errors: already_exists, also
 * when another process wins the race; those of the sink.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_create(dbsnap_sink* sink, const dbsnap_options* options,
                                                    const dbsnap_context* context, dbsnap_repository** repository,
                                                    dbsnap_error** error);
/**
 * Opens a repository. Options: password, which may be a recovery code, cache_folder, cache_size_bytes. Errors:
 * no_repository, wrong_key (also for a password to a repository that is not encrypted), incompatible_version, damaged.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_open(dbsnap_sink* sink, const dbsnap_options* options,
                                                  const dbsnap_context* context, dbsnap_repository** repository,
                                                  dbsnap_error** error);
/** Closes the repository. Readers and plans made from it stay usable. */
DBSNAP_C_API void dbsnap_repository_free(dbsnap_repository* repository);
/** Random id fixed at creation, 32 hex digits. */
DBSNAP_C_API const char* dbsnap_repository_id(const dbsnap_repository* repository);
/** True when what is stored is encrypted. */
DBSNAP_C_API bool dbsnap_repository_encrypted(const dbsnap_repository* repository);

/**
 * Takes a snapshot; `*manifest` (may be NULL when not wanted) describes it, its id is at "/id". On any failure nothing
 * is listed. Options: tag, host, source_name, threads, compression_level, read_limit_bytes_per_second, time_ns,
 * use_parent, base_data, source_patience_ms.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_snapshot(dbsnap_repository* repository, dbsnap_engine* source,
                                                      const dbsnap_options* options, const dbsnap_context* context,
                                                      dbsnap_document** manifest, dbsnap_error** error);
/** Summaries of the snapshots, newest first, as an array. Options: source, tag. */
DBSNAP_C_API dbsnap_status dbsnap_repository_list(const dbsnap_repository* repository, const dbsnap_options* options,
                                                  const dbsnap_context* context, dbsnap_document** snapshots,
                                                  dbsnap_error** error);
/**
 * Full id of `text`: a full id, a unique prefix of at least 4 digits, or "latest"; for a copy the id of its original
 * will do too. Options: source, tag. Errors: not_found, invalid_argument when several match.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_resolve(const dbsnap_repository* repository, const char* text,
                                                     const dbsnap_options* options, const dbsnap_context* context,
                                                     char** id, dbsnap_error** error);
/** Id of the newest snapshot not later than `time_ns`. Options: source, tag. Errors: point_in_time_unreachable. */
DBSNAP_C_API dbsnap_status dbsnap_repository_resolve_at(const dbsnap_repository* repository, int64_t time_ns,
                                                        const dbsnap_options* options, const dbsnap_context* context,
                                                        char** id, dbsnap_error** error);
/** The manifest of snapshot `id` (a full id, here and below). Errors: not_found. */
DBSNAP_C_API dbsnap_status dbsnap_repository_manifest(const dbsnap_repository* repository, const char* id,
                                                      const dbsnap_context* context, dbsnap_document** manifest,
                                                      dbsnap_error** error);
/** Sizes and counts of the whole repository. */
DBSNAP_C_API dbsnap_status dbsnap_repository_stats(const dbsnap_repository* repository, const dbsnap_context* context,
                                                   dbsnap_document** stats, dbsnap_error** error);
/** What changed from snapshot `before` to snapshot `after`. */
DBSNAP_C_API dbsnap_status dbsnap_repository_diff(const dbsnap_repository* repository, const char* before,
                                                  const char* after, const dbsnap_context* context,
                                                  dbsnap_document** diff, dbsnap_error** error);
/**
 * Writes snapshot `id` to the place `target` is bound to; the result appears at once and only when whole. `*report` may
 * be NULL when not wanted. Options: overwrite, threads. Errors: target_not_empty, target_busy, damaged.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_restore(const dbsnap_repository* repository, const char* id,
                                                     dbsnap_engine* target, const dbsnap_options* options,
                                                     const dbsnap_context* context, dbsnap_document** report,
                                                     dbsnap_error** error);
/**
 * Checks what is stored. `*sound` tells whether no damage was found; `*report` (may be NULL when not wanted) lists it.
 * Damage is not a failure of the call. Level "data" restores into scratch_folder; `engine` (may be NULL) is used for
 * snapshots of its own engine name, built-in engines for others. What was read is remembered in the repository, also
 * when the call ends early. Options: level, max_age, percent, snapshot, scratch_folder, threads. Errors:
 * invalid_argument, also for max_age or percent at another level than packs and frames.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_verify(const dbsnap_repository* repository, dbsnap_engine* engine,
                                                    const dbsnap_options* options, const dbsnap_context* context,
                                                    bool* sound, dbsnap_document** report, dbsnap_error** error);
/**
 * Makes damaged snapshots whole again where their data is still stored: as new snapshots with the same source, times,
 * tags and facts. Nothing that is stored is changed or removed. Looks at the snapshots that a verify has marked, or
 * that lack a pack, unless the option snapshot names others. `*whole` tells whether nothing is lost; `*report` (may be
 * NULL when not wanted) says what was damaged, rebuilt and lost. Options: snapshot, dry_run, threads. Errors: locked
 * when a prune is in the way.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_repair(dbsnap_repository* repository, const dbsnap_options* options,
                                                    const dbsnap_context* context, bool* whole,
                                                    dbsnap_document** report, dbsnap_error** error);
/**
 * Reads the packs in a sink that holds a repository and compares each with the checksum in it. Needs no password, and
 * cannot see packs that are missing or forged. `*sound` and `*report` (may be NULL) as for dbsnap_repository_verify.
 * Options: percent, threads. Errors: no_repository, those of the sink.
 */
DBSNAP_C_API dbsnap_status dbsnap_verify_keyless(dbsnap_sink* sink, const dbsnap_options* options,
                                                 const dbsnap_context* context, bool* sound, dbsnap_document** report,
                                                 dbsnap_error** error);
/**
 * Stores snapshots of `source` in `repository` too, oldest first: re-encrypted, verified on the way, with their times,
 * tags and facts, under new ids and with the id of their original, which resolves to the copy. What is there already is
 * left alone; a call that broke off is continued by the next one. `*whole` tells whether no snapshot was found damaged
 * in `source`; the others are copied all the same. `*report` (may be NULL when not wanted) says what became of each.
 * Options: snapshot (full ids in `source`), source, tag, last, since_ns, older, pins, allow_unencrypted, dry_run,
 * threads, compression_level. Errors: not_found; invalid_argument for a copy in clear that was not allowed; those of
 * both sinks, after which copies that were made stay.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_copy_from(dbsnap_repository* repository, const dbsnap_repository* source,
                                                       const dbsnap_options* options, const dbsnap_context* context,
                                                       bool* whole, dbsnap_document** report, dbsnap_error** error);
/** Notes that the repository at the URL `to` (without secrets) lacks snapshot `id` of this one. Errors: not_found. */
DBSNAP_C_API dbsnap_status dbsnap_repository_note_pending(dbsnap_repository* repository, const char* id, const char* to,
                                                          const dbsnap_context* context, dbsnap_error** error);
/** Removes such a note; one that is not there is success. */
DBSNAP_C_API dbsnap_status dbsnap_repository_settle_pending(dbsnap_repository* repository, const char* id,
                                                            const char* to, const dbsnap_context* context,
                                                            dbsnap_error** error);
/**
 * How old the newest good snapshot of each source is, which copies are pending, which sessions have not finished.
 * `*too_old` tells whether an age was asked for and a source, or a repository without any, does not meet it. Options:
 * max_age, source, tag.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_status(const dbsnap_repository* repository, const dbsnap_options* options,
                                                    const dbsnap_context* context, bool* too_old,
                                                    dbsnap_document** status, dbsnap_error** error);
/** Drops snapshots from the list; their data stays until a prune. Errors: not_found; locked for a pinned one. */
DBSNAP_C_API dbsnap_status dbsnap_repository_forget(dbsnap_repository* repository, const char* const* ids, size_t count,
                                                    const dbsnap_context* context, dbsnap_error** error);
/** Summaries of forgotten snapshots that no prune has removed yet, newest first, as an array. Options: source, tag. */
DBSNAP_C_API dbsnap_status dbsnap_repository_forgotten(const dbsnap_repository* repository,
                                                       const dbsnap_options* options, const dbsnap_context* context,
                                                       dbsnap_document** snapshots, dbsnap_error** error);
/**
 * Brings the forgotten snapshot `id` (a full id) back as a new one with the same content and times; `*manifest` (may be
 * NULL when not wanted) describes it. Errors: not_found; locked when a prune has removed or condemned its data.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_unforget(dbsnap_repository* repository, const char* id,
                                                      const dbsnap_context* context, dbsnap_document** manifest,
                                                      dbsnap_error** error);
/** Makes the snapshot survive every policy and forget until it is unpinned. */
DBSNAP_C_API dbsnap_status dbsnap_repository_pin(dbsnap_repository* repository, const char* id,
                                                 const dbsnap_context* context, dbsnap_error** error);
/** Undoes a pin. */
DBSNAP_C_API dbsnap_status dbsnap_repository_unpin(dbsnap_repository* repository, const char* id,
                                                   const dbsnap_context* context, dbsnap_error** error);
/**
 * Keys of an encrypted repository, newest first, as an array (docs/json.md, "Key"). Errors of this function and the
 * next four: invalid_argument when the repository is not encrypted; not_found for an id that no key has. A key is named
 * by its id or a unique prefix of at least four digits.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_key_list(const dbsnap_repository* repository,
                                                      const dbsnap_context* context, dbsnap_document** keys,
                                                      dbsnap_error** error);
/**
 * Adds a key: from success on `password` opens the repository. `label` (may be NULL) is stored in clear; `*key` (may be
 * NULL when not wanted) describes the new key.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_key_add(dbsnap_repository* repository, const char* password,
                                                     const char* label, const dbsnap_context* context,
                                                     dbsnap_document** key, dbsnap_error** error);
/**
 * Replaces the password of key `id`, which keeps its id; the new one works before the old one stops to. `*key` may be
 * NULL when not wanted.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_key_change(dbsnap_repository* repository, const char* id,
                                                        const char* password, const dbsnap_context* context,
                                                        dbsnap_document** key, dbsnap_error** error);
/** Removes key `id`. The last one never; the one this repository was opened with only with `force`. */
DBSNAP_C_API dbsnap_status dbsnap_repository_key_remove(dbsnap_repository* repository, const char* id, bool force,
                                                        const dbsnap_context* context, dbsnap_error** error);
/**
 * Adds a key that a code of the library's own making opens, accepted wherever a password is. `*code` is given this once
 * and kept nowhere; overwrite it before you free it. `label` may be NULL; `*key` may be NULL when not wanted.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_key_add_recovery(dbsnap_repository* repository, const char* label,
                                                              const dbsnap_context* context, char** code,
                                                              dbsnap_document** key, dbsnap_error** error);
/** Decides what would go; changes nothing. Options: source, tag. */
DBSNAP_C_API dbsnap_status dbsnap_repository_plan_prune(const dbsnap_repository* repository,
                                                        const dbsnap_policy* policy, const dbsnap_options* options,
                                                        const dbsnap_context* context, dbsnap_plan** plan,
                                                        dbsnap_error** error);
/**
 * Carries out a plan, beside running snapshots and other prunes; waits for those that it saw begin. `*report` may be
 * NULL when not wanted. Options: discard_unfinished, wait, patience_ms, exclusive. Errors: locked when it must not
 * wait, when the store is not up to it, or when the repository no longer shows every snapshot that the plan was made
 * from.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_apply(dbsnap_repository* repository, const dbsnap_plan* plan,
                                                   const dbsnap_options* options, const dbsnap_context* context,
                                                   dbsnap_document** report, dbsnap_error** error);
/** The plan as a document: decisions with reasons, packs that go, bytes freed, how far back restore reaches. */
DBSNAP_C_API dbsnap_status dbsnap_plan_document(const dbsnap_plan* plan, dbsnap_document** document,
                                                dbsnap_error** error);
/** Frees the plan. */
DBSNAP_C_API void dbsnap_plan_free(dbsnap_plan* plan);

/** Takes bytes of an entry or a file at `offset`. A status other than DBSNAP_OK stops the call, which fails with it. */
typedef dbsnap_status (*dbsnap_write_fn)(void* writer_data, uint64_t offset, const uint8_t* bytes, size_t size,
                                         dbsnap_error** error);
/** Gives up to `capacity` bytes of a file: at least one, or `*size` = 0 at its end. */
typedef dbsnap_status (*dbsnap_read_fn)(void* source_data, uint8_t* out, size_t capacity, size_t* size,
                                        dbsnap_error** error);

/**
 * Writes snapshot `id` as one plain file that the database's own tools read. `engine` may be NULL: the built-in engine
 * of the snapshot. `writer` gets ascending offsets without gaps, from one thread at a time. Options: compression.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_export(const dbsnap_repository* repository, const char* id,
                                                    dbsnap_engine* engine, const dbsnap_options* options,
                                                    const dbsnap_context* context, dbsnap_write_fn writer,
                                                    void* writer_data, dbsnap_error** error);
/**
 * Stores a plain file (gzip and zstd are recognised) as a snapshot of `engine`'s source. The file is read in order,
 * from one thread at a time. Options as for dbsnap_repository_snapshot(); `*manifest` may be NULL when not wanted.
 */
DBSNAP_C_API dbsnap_status dbsnap_repository_import(dbsnap_repository* repository, dbsnap_engine* engine,
                                                    dbsnap_read_fn source, void* source_data,
                                                    const dbsnap_options* options, const dbsnap_context* context,
                                                    dbsnap_document** manifest, dbsnap_error** error);

/** Opens snapshot `id` for reading its entries. Options: threads. Errors: not_found, damaged. */
DBSNAP_C_API dbsnap_status dbsnap_repository_read(const dbsnap_repository* repository, const char* id,
                                                  const dbsnap_options* options, const dbsnap_context* context,
                                                  dbsnap_reader** reader, dbsnap_error** error);
/** Frees a reader from dbsnap_repository_read(). */
DBSNAP_C_API void dbsnap_reader_free(dbsnap_reader* reader);
/** The manifest of the snapshot. */
DBSNAP_C_API dbsnap_status dbsnap_reader_manifest(const dbsnap_reader* reader, dbsnap_document** manifest,
                                                  dbsnap_error** error);
/**
 * Hands the whole entry `name` to `writer`. With `parallel` it is called from several threads at once and in any order
 * of offsets, otherwise ascending without gaps from 0. Every byte has been checked. Errors: not_found, damaged.
 */
DBSNAP_C_API dbsnap_status dbsnap_reader_copy_entry(const dbsnap_reader* reader, const char* name, bool parallel,
                                                    dbsnap_write_fn writer, void* writer_data,
                                                    const dbsnap_context* context, dbsnap_error** error);

#ifdef __cplusplus
}
#endif

#endif
