/* The header alone, twice, as strict C99. */
#include <dbsnap.h>

int header_compiles_as_c(void);
int header_compiles_as_c(void) { return DBSNAP_VERSION_MAJOR; }
