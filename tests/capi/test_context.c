/* Contexts: tokens, deadlines, callbacks. What they do to a running call is shown in test_repository.c. */
#include <string.h>

#include "check.h"

static int destroyed = 0;

static void count_destroy(void* data) {
  (void)data;
  destroyed += 1;
}

static void a_triggered_token_stops_the_context(void) {
  dbsnap_error* error = NULL;
  dbsnap_cancel* cancel = NULL;
  dbsnap_context* context = NULL;
  CHECK_OK(dbsnap_cancel_create(&cancel, &error));
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_OK(dbsnap_context_set_cancel(context, cancel, &error));
  CHECK_OK(dbsnap_context_check(context, &error));
  dbsnap_cancel_trigger(cancel);
  dbsnap_cancel_free(cancel);
  CHECK_FAILS(dbsnap_context_check(context, &error), DBSNAP_CANCELLED);
  CHECK_OK(dbsnap_context_set_cancel(context, NULL, &error));
  CHECK_OK(dbsnap_context_check(context, &error));
  dbsnap_context_free(context);
}

static void a_deadline_that_passed_stops_the_context(void) {
  dbsnap_error* error = NULL;
  dbsnap_context* context = NULL;
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_OK(dbsnap_context_set_timeout(context, 0, &error));
  CHECK_FAILS(dbsnap_context_check(context, &error), DBSNAP_DEADLINE_EXCEEDED);
  CHECK_OK(dbsnap_context_set_timeout(context, INT64_MAX, &error));
  CHECK_OK(dbsnap_context_check(context, &error));
  CHECK_OK(dbsnap_context_set_timeout(context, -1, &error));
  CHECK_OK(dbsnap_context_check(context, &error));
  dbsnap_context_free(context);
}

static void a_missing_context_never_stops(void) {
  dbsnap_error* error = NULL;
  CHECK_OK(dbsnap_context_check(NULL, &error));
}

static void callbacks_are_given_back_once(void) {
  dbsnap_error* error = NULL;
  dbsnap_context* context = NULL;
  dbsnap_callbacks callbacks = {0};
  callbacks.struct_size = sizeof callbacks;
  callbacks.destroy = count_destroy;
  destroyed = 0;
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_OK(dbsnap_context_set_callbacks(context, &callbacks, &destroyed, &error));
  CHECK_NUMBER(destroyed, 0);
  CHECK_OK(dbsnap_context_set_callbacks(context, &callbacks, &destroyed, &error));
  CHECK_NUMBER(destroyed, 1);
  CHECK_OK(dbsnap_context_set_callbacks(context, NULL, NULL, &error));
  CHECK_NUMBER(destroyed, 2);
  CHECK_OK(dbsnap_context_set_callbacks(context, &callbacks, &destroyed, &error));
  dbsnap_context_free(context);
  CHECK_NUMBER(destroyed, 3);
}

static void a_refused_table_keeps_the_user_data_with_the_caller(void) {
  dbsnap_error* error = NULL;
  dbsnap_context* context = NULL;
  dbsnap_callbacks callbacks = {0};
  callbacks.destroy = count_destroy;
  destroyed = 0;
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_FAILS(dbsnap_context_set_callbacks(context, &callbacks, &destroyed, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK_FAILS(dbsnap_context_set_callbacks(NULL, &callbacks, &destroyed, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_context_free(context);
  CHECK_NUMBER(destroyed, 0);
}

static void a_table_is_read_no_further_than_its_size(void) {
  dbsnap_error* error = NULL;
  dbsnap_context* context = NULL;
  dbsnap_callbacks callbacks = {0};
  callbacks.struct_size = offsetof(dbsnap_callbacks, destroy); /* as an older caller's, without the last member */
  callbacks.destroy = count_destroy;
  destroyed = 0;
  CHECK_OK(dbsnap_context_create(&context, &error));
  CHECK_OK(dbsnap_context_set_callbacks(context, &callbacks, &destroyed, &error));
  dbsnap_context_free(context);
  CHECK_NUMBER(destroyed, 0);
}

static void a_missing_progress_reads_as_nothing(void) {
  CHECK_TEXT(dbsnap_progress_phase(NULL), "");
  CHECK_TEXT(dbsnap_progress_item(NULL), "");
  CHECK_NUMBER(dbsnap_progress_bytes_done(NULL), 0);
  CHECK_NUMBER(dbsnap_progress_bytes_total(NULL), -1);
  CHECK_NUMBER(dbsnap_progress_bytes_new(NULL), 0);
  CHECK_NUMBER(dbsnap_progress_bytes_stored(NULL), 0);
  CHECK_NUMBER(dbsnap_progress_items_done(NULL), 0);
}

const test_case kContextTests[] = {
    {"a triggered token stops the context, also after the token was freed", a_triggered_token_stops_the_context},
    {"a deadline that passed stops the context", a_deadline_that_passed_stops_the_context},
    {"a missing context never stops", a_missing_context_never_stops},
    {"callbacks are given back exactly once", callbacks_are_given_back_once},
    {"a refused table leaves the user data with the caller", a_refused_table_keeps_the_user_data_with_the_caller},
    {"a table is read no further than its struct_size", a_table_is_read_no_further_than_its_size},
    {"a missing progress reads as nothing", a_missing_progress_reads_as_nothing},
    {NULL, NULL},
};
