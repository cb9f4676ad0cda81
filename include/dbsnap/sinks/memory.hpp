// A sink that lives in this process's memory: for tests and for trying things out.
#pragma once

#include <memory>

#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

DBSNAP_API std::shared_ptr<Sink> make_memory_sink();

}  // namespace dbsnap
