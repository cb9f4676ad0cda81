// The version of the headers, and of the library that is linked.
#pragma once

#include "dbsnap/export.hpp"

#define DBSNAP_VERSION_MAJOR 0
#define DBSNAP_VERSION_MINOR 1
#define DBSNAP_VERSION_PATCH 0
#define DBSNAP_VERSION_STRING "0.1.0"

namespace dbsnap {

/// Version of the linked library, for example "0.1.0". Differs from DBSNAP_VERSION_STRING when a
/// program runs against another build than the one it was compiled with.
DBSNAP_API const char* version() noexcept;

/// Newest repository format this library writes; it reads every older one.
DBSNAP_API int repository_format() noexcept;

}  // namespace dbsnap
