/* A sink written in C, as a stranger would write one from the header alone. */
#include "memory_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef struct object {
  char* key;
  uint8_t* bytes;
  size_t size;
  struct object* next;
} object;

struct memory_store {
  pthread_mutex_t mutex;
  object* first;
  dbsnap_status put_status;
  const char* put_message;
};

int memory_store_destroyed = 0;

memory_store* memory_store_create(void) {
  memory_store* store = calloc(1, sizeof *store);
  pthread_mutex_init(&store->mutex, NULL);
  return store;
}

static object** place_of(memory_store* store, const char* key) {
  object** place = &store->first;
  while (*place != NULL && strcmp((*place)->key, key) != 0) place = &(*place)->next;
  return place;
}

static void remove_at(object** place) {
  object* gone = *place;
  *place = gone->next;
  free(gone->key);
  free(gone->bytes);
  free(gone);
}

static void store_destroy(void* data) {
  memory_store* store = data;
  while (store->first != NULL) remove_at(&store->first);
  pthread_mutex_destroy(&store->mutex);
  free(store);
  memory_store_destroyed += 1;
}

static dbsnap_status store_put(void* data, const char* key, const uint8_t* bytes, size_t size, bool if_absent,
                               bool* already_exists, const dbsnap_context* context, dbsnap_error** error) {
  memory_store* store = data;
  const dbsnap_status stopped = dbsnap_context_check(context, error);
  if (stopped != DBSNAP_OK) return stopped;
  pthread_mutex_lock(&store->mutex);
  const dbsnap_status status = store->put_status;
  if (status != DBSNAP_OK) {
    if (store->put_message != NULL) *error = dbsnap_error_create(status, store->put_message);
  } else if (if_absent && *place_of(store, key) != NULL) {
    *already_exists = true;
  } else {
    object** place = place_of(store, key);
    if (*place != NULL) remove_at(place);
    object* added = calloc(1, sizeof *added);
    added->key = malloc(strlen(key) + 1);
    strcpy(added->key, key);
    added->bytes = malloc(size + 1);
    if (size > 0) memcpy(added->bytes, bytes, size);
    added->size = size;
    added->next = store->first;
    store->first = added;
  }
  pthread_mutex_unlock(&store->mutex);
  return status;
}

static dbsnap_status store_get(void* data, const char* key, uint64_t offset, uint64_t length, dbsnap_buffer* out,
                               const dbsnap_context* context, dbsnap_error** error) {
  (void)context;
  memory_store* store = data;
  dbsnap_status status = DBSNAP_OK;
  pthread_mutex_lock(&store->mutex);
  const object* found = *place_of(store, key);
  if (found == NULL) {
    status = DBSNAP_NOT_FOUND;
    *error = dbsnap_error_create(status, "no such object");
  } else if (offset < found->size) {
    const uint64_t left = found->size - offset;
    if (!dbsnap_buffer_append(out, found->bytes + offset, (size_t)(length < left ? length : left))) {
      status = DBSNAP_INTERNAL;
    }
  }
  pthread_mutex_unlock(&store->mutex);
  return status;
}

static dbsnap_status store_stat(void* data, const char* key, bool* exists, uint64_t* size,
                                const dbsnap_context* context, dbsnap_error** error) {
  (void)context;
  (void)error;
  memory_store* store = data;
  pthread_mutex_lock(&store->mutex);
  const object* found = *place_of(store, key);
  *exists = found != NULL;
  if (found != NULL) *size = found->size;
  pthread_mutex_unlock(&store->mutex);
  return DBSNAP_OK;
}

/* Shows one object after the other without holding the lock, because the visitor may call the sink. */
static dbsnap_status store_list(void* data, const char* prefix, dbsnap_object_visitor visitor, void* visitor_data,
                                const dbsnap_context* context, dbsnap_error** error) {
  (void)context;
  (void)error;
  memory_store* store = data;
  pthread_mutex_lock(&store->mutex);
  size_t count = 0;
  for (const object* one = store->first; one != NULL; one = one->next) count += 1;
  char** keys = calloc(count + 1, sizeof *keys);
  uint64_t* sizes = calloc(count + 1, sizeof *sizes);
  size_t used = 0;
  for (const object* one = store->first; one != NULL; one = one->next) {
    if (strncmp(one->key, prefix, strlen(prefix)) != 0) continue;
    keys[used] = malloc(strlen(one->key) + 1);
    strcpy(keys[used], one->key);
    sizes[used] = one->size;
    used += 1;
  }
  pthread_mutex_unlock(&store->mutex);
  bool more = true;
  for (size_t i = 0; i < used; ++i) {
    if (more) more = visitor(visitor_data, keys[i], sizes[i]);
    free(keys[i]);
  }
  free(keys);
  free(sizes);
  return DBSNAP_OK;
}

static dbsnap_status store_remove(void* data, const char* key, const dbsnap_context* context, dbsnap_error** error) {
  (void)context;
  (void)error;
  memory_store* store = data;
  pthread_mutex_lock(&store->mutex);
  object** place = place_of(store, key);
  if (*place != NULL) remove_at(place);
  pthread_mutex_unlock(&store->mutex);
  return DBSNAP_OK;
}

void memory_store_fail_puts(memory_store* store, dbsnap_status status, const char* message) {
  pthread_mutex_lock(&store->mutex);
  store->put_status = status;
  store->put_message = message;
  pthread_mutex_unlock(&store->mutex);
}

size_t memory_store_count(memory_store* store) {
  size_t count = 0;
  pthread_mutex_lock(&store->mutex);
  for (const object* one = store->first; one != NULL; one = one->next) count += 1;
  pthread_mutex_unlock(&store->mutex);
  return count;
}

void memory_store_damage_largest(memory_store* store) {
  pthread_mutex_lock(&store->mutex);
  object* largest = store->first;
  for (object* one = store->first; one != NULL; one = one->next) {
    if (one->size > largest->size) largest = one;
  }
  if (largest != NULL) largest->bytes[largest->size / 2] ^= 1;
  pthread_mutex_unlock(&store->mutex);
}

dbsnap_sink_table memory_store_table(void) {
  dbsnap_sink_table table = {0};
  table.struct_size = sizeof table;
  table.url = "memory-in-c:";
  table.capabilities = DBSNAP_SINK_IF_ABSENT | DBSNAP_SINK_LIST_AFTER_WRITE | DBSNAP_SINK_CHEAP_READS;
  table.put = store_put;
  table.get = store_get;
  table.stat = store_stat;
  table.list = store_list;
  table.remove = store_remove;
  table.destroy = store_destroy;
  return table;
}

dbsnap_sink* memory_store_sink(memory_store* store) {
  const dbsnap_sink_table table = memory_store_table();
  dbsnap_sink* sink = NULL;
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_sink_create(&table, store, &sink, &error));
  return sink;
}
