// The machine the library runs on, for SnapshotOptions::host.
#pragma once

#include <string>

#include "dbsnap/export.hpp"

namespace dbsnap {

/// Name of this machine as the operating system gives it; "localhost" when it has none.
DBSNAP_API std::string local_host_name();

}  // namespace dbsnap
