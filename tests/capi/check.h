/* Checks for the C tests: each failure is printed, counted, and the test goes on. */
#ifndef CHECK_H
#define CHECK_H

#include <dbsnap.h>
#include <stdio.h>

/* One test: a sentence about behaviour and the function that shows it. */
typedef struct test_case {
  const char* title;
  void (*run)(void);
} test_case;

/* Each file's tests, ended by a case without title. */
extern const test_case kValueTests[];
extern const test_case kContextTests[];
extern const test_case kSinkTests[];
extern const test_case kEngineTests[];
extern const test_case kPolicyTests[];
extern const test_case kRepositoryTests[];
extern const test_case kTransferTests[];
extern const test_case kKeyTests[];
extern const test_case kCopyTests[];

/* Counts a failed check when `holds` is false. */
void check(bool holds, const char* what, const char* file, int line);
void check_text(const char* actual, const char* expected, const char* file, int line);
void check_number(int64_t actual, int64_t expected, const char* what, const char* file, int line);
/* Checks the status, and that an error object is there exactly when it failed; frees the error. */
void check_status(dbsnap_status actual, dbsnap_status expected, dbsnap_error** error, const char* what,
                  const char* file, int line);

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __FILE__, __LINE__)
#define CHECK_NUMBER(actual, expected) check_number((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
/* Evaluates a call that ends in `&error`. */
#define CHECK_OK(call) check_status((call), DBSNAP_OK, &error, #call, __FILE__, __LINE__)
#define CHECK_FAILS(call, status) check_status((call), (status), &error, #call, __FILE__, __LINE__)

#endif
