/* Retention: the built-in policy, and one that is a C function. */
#include <string.h>

#include "check.h"
#include "fixture.h"

typedef struct rule {
  const char* removed_tag;
  const char* name;
  dbsnap_status fail;
  int destroyed;
  int64_t now_ns;
} rule;

/* Keeps what does not carry the tag. */
static dbsnap_status evaluate_rule(void* data, const dbsnap_document* snapshots, int64_t now_ns,
                                   dbsnap_verdicts* verdicts, dbsnap_error** error) {
  rule* own = data;
  own->now_ns = now_ns;
  if (own->fail != DBSNAP_OK) return own->fail;
  const size_t count = dbsnap_document_count(snapshots, "");
  for (size_t i = 0; i < count; ++i) {
    char path[64];
    const char* tag = NULL;
    snprintf(path, sizeof path, "/%zu/tags/0", i);
    dbsnap_status status = dbsnap_document_string(snapshots, path, &tag, NULL);
    if (status == DBSNAP_OK && strcmp(tag, own->removed_tag) == 0) {
      status = dbsnap_verdicts_remove(verdicts, i, error);
    } else {
      status = dbsnap_verdicts_keep(verdicts, i, own->name, "by a rule in C", error);
    }
    if (status != DBSNAP_OK) return status;
  }
  CHECK_NUMBER(dbsnap_verdicts_remove(verdicts, count, NULL), DBSNAP_INVALID_ARGUMENT);
  return DBSNAP_OK;
}

static void destroy_rule(void* data) { ((rule*)data)->destroyed += 1; }

static dbsnap_policy* open_rule(rule* own) {
  dbsnap_policy_table table = {0};
  dbsnap_policy* policy = NULL;
  dbsnap_error* error = NULL;
  table.struct_size = sizeof table;
  table.evaluate = evaluate_rule;
  table.destroy = destroy_rule;
  CHECK_OK(dbsnap_policy_create(&table, own, &policy, &error));
  return policy;
}

static size_t count_snapshots(dbsnap_repository* repository, const char* tag) {
  dbsnap_error* error = NULL;
  dbsnap_options* filter = NULL;
  dbsnap_document* snapshots = NULL;
  CHECK_OK(dbsnap_options_create(&filter, &error));
  if (tag != NULL) CHECK_OK(dbsnap_options_add_string(filter, "tag", tag, &error));
  CHECK_OK(dbsnap_repository_list(repository, filter, NULL, &snapshots, &error));
  const size_t count = dbsnap_document_count(snapshots, "");
  dbsnap_document_free(snapshots);
  dbsnap_options_free(filter);
  return count;
}

/* Plans with `policy`, applies, and returns how many snapshots went. */
static int64_t prune_by(dbsnap_repository* repository, dbsnap_policy* policy) {
  dbsnap_error* error = NULL;
  dbsnap_plan* plan = NULL;
  dbsnap_document* report = NULL;
  CHECK_OK(dbsnap_repository_plan_prune(repository, policy, NULL, NULL, &plan, &error));
  CHECK_OK(dbsnap_repository_apply(repository, plan, NULL, NULL, &report, &error));
  const int64_t removed = number_at(report, "/snapshots_removed");
  dbsnap_document_free(report);
  dbsnap_plan_free(plan);
  return removed;
}

static dbsnap_repository* repository_with_snapshots(void) {
  dbsnap_repository* repository = new_memory_repository();
  const char* path = path_in_folder("app.db");
  const char* const tags[] = {"old", "old", "new", "new"};
  dbsnap_engine* engine = sqlite_engine(path);
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; ++i) {
    write_rows(path, 50);
    dbsnap_string_free(take_snapshot(repository, engine, tags[i]));
  }
  dbsnap_engine_free(engine);
  return repository;
}

static void a_custom_policy_decides(void) {
  rule own = {"old", "tagged", DBSNAP_OK, 0, 0};
  make_folder();
  dbsnap_repository* repository = repository_with_snapshots();
  dbsnap_policy* policy = open_rule(&own);
  dbsnap_error* error = NULL;
  dbsnap_plan* plan = NULL;
  dbsnap_document* document = NULL;
  CHECK_OK(dbsnap_repository_plan_prune(repository, policy, NULL, NULL, &plan, &error));
  CHECK_OK(dbsnap_plan_document(plan, &document, &error));
  CHECK_NUMBER(dbsnap_document_count(document, "/decisions"), 4);
  CHECK(truth_at(document, "/decisions/0/keep"));
  CHECK_TEXT(text_at(document, "/decisions/0/reasons/0/rule"), "tagged");
  CHECK_TEXT(text_at(document, "/decisions/0/reasons/0/detail"), "by a rule in C");
  CHECK(!truth_at(document, "/decisions/3/keep"));
  CHECK(own.now_ns > 0);
  CHECK_NUMBER(count_snapshots(repository, NULL), 4);
  CHECK_OK(dbsnap_repository_apply(repository, plan, NULL, NULL, NULL, &error));
  CHECK_NUMBER(count_snapshots(repository, NULL), 2);
  CHECK_NUMBER(count_snapshots(repository, "old"), 0);
  dbsnap_document_free(document);
  dbsnap_plan_free(plan);
  dbsnap_policy_free(policy);
  CHECK_NUMBER(own.destroyed, 1);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void a_failing_policy_plans_nothing(void) {
  rule own = {"old", "no such rule", DBSNAP_OK, 0, 0};
  make_folder();
  dbsnap_repository* repository = repository_with_snapshots();
  dbsnap_policy* policy = open_rule(&own);
  dbsnap_error* error = NULL;
  dbsnap_plan* plan = NULL;
  CHECK_FAILS(dbsnap_repository_plan_prune(repository, policy, NULL, NULL, &plan, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(plan == NULL);
  own.fail = DBSNAP_STOPPED_BY_CALLBACK;
  CHECK_FAILS(dbsnap_repository_plan_prune(repository, policy, NULL, NULL, &plan, &error), DBSNAP_STOPPED_BY_CALLBACK);
  CHECK_NUMBER(count_snapshots(repository, NULL), 4);
  dbsnap_policy_free(policy);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void the_built_in_policy_keeps_by_its_options(void) {
  make_folder();
  dbsnap_repository* repository = repository_with_snapshots();
  dbsnap_error* error = NULL;
  dbsnap_policy* policy = NULL;
  dbsnap_options* options = option_number("keep_last", 1);
  CHECK_OK(dbsnap_options_add_string(options, "keep_tag", "old", &error));
  CHECK_OK(dbsnap_policy_create_keep(options, &policy, &error));
  CHECK_NUMBER(prune_by(repository, policy), 1);
  CHECK_NUMBER(count_snapshots(repository, "old"), 2);
  CHECK_NUMBER(count_snapshots(repository, "new"), 1);
  dbsnap_policy_free(policy);
  dbsnap_options_free(options);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void without_a_rule_everything_is_kept(void) {
  make_folder();
  dbsnap_repository* repository = repository_with_snapshots();
  dbsnap_error* error = NULL;
  dbsnap_policy* policy = NULL;
  CHECK_OK(dbsnap_policy_create_keep(NULL, &policy, &error));
  CHECK_NUMBER(prune_by(repository, policy), 0);
  dbsnap_policy_free(policy);
  dbsnap_repository_free(repository);
  remove_folder();
}

static void bad_rules_are_refused(void) {
  dbsnap_error* error = NULL;
  dbsnap_policy* policy = NULL;
  dbsnap_options* options = option_text("keep_within", "a fortnight");
  CHECK_FAILS(dbsnap_policy_create_keep(options, &policy, &error), DBSNAP_INVALID_ARGUMENT);
  dbsnap_options_free(options);
  dbsnap_policy_table table = {0};
  table.struct_size = sizeof table;
  CHECK_FAILS(dbsnap_policy_create(&table, NULL, &policy, &error), DBSNAP_INVALID_ARGUMENT);
  CHECK(policy == NULL);
}

const test_case kPolicyTests[] = {
    {"a custom policy decides, and is given back once", a_custom_policy_decides},
    {"a failing policy plans nothing", a_failing_policy_plans_nothing},
    {"the built-in policy keeps by its options", the_built_in_policy_keeps_by_its_options},
    {"without a rule everything is kept", without_a_rule_everything_is_kept},
    {"bad rules are refused", bad_rules_are_refused},
    {NULL, NULL},
};
