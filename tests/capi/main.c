/* Runs every test of the C interface: prints one line per failed check, then the sum. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static int failed_checks = 0;

static void fail(const char* file, int line) {
  failed_checks += 1;
  fprintf(stderr, "%s:%d: failed: ", file, line);
}

void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  fail(file, line);
  fprintf(stderr, "%s\n", what);
}

void check_text(const char* actual, const char* expected, const char* file, int line) {
  if (actual != NULL && strcmp(actual, expected) == 0) return;
  fail(file, line);
  fprintf(stderr, "\"%s\" is not \"%s\"\n", actual == NULL ? "(NULL)" : actual, expected);
}

void check_number(int64_t actual, int64_t expected, const char* what, const char* file, int line) {
  if (actual == expected) return;
  fail(file, line);
  fprintf(stderr, "%s is %lld, not %lld\n", what, (long long)actual, (long long)expected);
}

void check_status(dbsnap_status actual, dbsnap_status expected, dbsnap_error** error, const char* what,
                  const char* file, int line) {
  if (actual != expected) {
    fail(file, line);
    fprintf(stderr, "%s gave %s (%s), not %s\n", what, dbsnap_status_name(actual), dbsnap_error_message(*error),
            dbsnap_status_name(expected));
  }
  check((*error != NULL) == (actual != DBSNAP_OK), "an error object comes with a failure and only then", file, line);
  check(dbsnap_error_code(*error) == actual, "status and error object agree", file, line);
  dbsnap_error_free(*error);
  *error = NULL;
}

/* True when the test's checks all held. */
static bool run_one(const test_case* test) {
  const int before = failed_checks;
  test->run();
  if (failed_checks != before) fprintf(stderr, "  in: %s\n", test->title);
  return failed_checks == before;
}

int main(void) {
  const test_case* groups[] = {kValueTests,      kContextTests,  kSinkTests, kEngineTests, kPolicyTests,
                               kRepositoryTests, kTransferTests, kKeyTests,  kCopyTests};
  int passed = 0;
  int failed = 0;
  for (size_t group = 0; group < sizeof groups / sizeof groups[0]; ++group) {
    for (const test_case* test = groups[group]; test->title != NULL; ++test) {
      if (run_one(test)) {
        passed += 1;
      } else {
        failed += 1;
      }
    }
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
