// Version of the built library.
#include "dbsnap/version.hpp"

namespace dbsnap {

const char* version() noexcept { return DBSNAP_VERSION_STRING; }
int repository_format() noexcept { return 1; }

}  // namespace dbsnap
