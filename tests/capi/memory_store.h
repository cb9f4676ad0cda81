/* A sink written in C: objects in a list, safe from many threads, able to fail on request. */
#ifndef MEMORY_STORE_H
#define MEMORY_STORE_H

#include <dbsnap.h>

typedef struct memory_store memory_store;

memory_store* memory_store_create(void);
/* Called by the sink's destroy; counts so that tests can see it happen exactly once. */
extern int memory_store_destroyed;
/* From now on every put fails with `status`; DBSNAP_OK: none fails. */
void memory_store_fail_puts(memory_store* store, dbsnap_status status, const char* message);
size_t memory_store_count(memory_store* store);
/* Flips one bit of the middle byte of the largest object. */
void memory_store_damage_largest(memory_store* store);

/* A filled table, and a sink that owns `store`. */
dbsnap_sink_table memory_store_table(void);
dbsnap_sink* memory_store_sink(memory_store* store);

#endif
