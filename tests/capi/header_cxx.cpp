// The header alone, twice, as strict C++, and beside the C++ headers that define the same version macros.
#include <dbsnap.h>

#include "dbsnap/dbsnap.hpp"

static_assert(DBSNAP_CANCELLED == static_cast<int>(dbsnap::ErrorCode::cancelled));
