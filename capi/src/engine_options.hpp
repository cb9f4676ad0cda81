// Engines that take more than a URL: options that hold live objects of the host program.
#pragma once

#include <memory>
#include <string_view>

#include "dbsnap.h"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::capi {

/// Opens engine `name` for a plain path or URL; `options` may be null.
std::unique_ptr<Snapshotter> open_engine_with(std::string_view name, std::string_view target,
                                              const dbsnap_options* options);

}  // namespace dbsnap::capi
