/* A program of somebody else's: makes a repository in memory through the C library. */
#include <dbsnap.h>
#include <stdio.h>

int main(void) {
  dbsnap_error* error = NULL;
  dbsnap_sink* sink = NULL;
  dbsnap_options* options = NULL;
  dbsnap_repository* repository = NULL;
  if (dbsnap_sink_open("memory:", &sink, &error) != DBSNAP_OK || dbsnap_options_create(&options, &error) != DBSNAP_OK ||
      dbsnap_options_set_string(options, "password", "open sesame", &error) != DBSNAP_OK ||
      dbsnap_repository_create(sink, options, NULL, &repository, &error) != DBSNAP_OK) {
    fprintf(stderr, "error[%s]: %s\n", dbsnap_error_name(error), dbsnap_error_message(error));
    return 1;
  }
  printf("c %s\n", dbsnap_version());
  dbsnap_repository_free(repository);
  dbsnap_options_free(options);
  dbsnap_sink_free(sink);
  return 0;
}
