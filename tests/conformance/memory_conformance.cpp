// The memory sink keeps the sink contract.
#include <doctest/doctest.h>

#include "conformance/sink_conformance.hpp"
#include "dbsnap/sinks/memory.hpp"

namespace dbsnap::testing {
namespace {

const SinkSubject kMemory{.make_empty = make_memory_sink};

TEST_CASE("memory sink: objects") { check_sink_objects(kMemory); }
TEST_CASE("memory sink: keys") { check_sink_keys(kMemory); }
TEST_CASE("memory sink: listing") { check_sink_listing(kMemory); }
TEST_CASE("memory sink: cancellation and deadline") { check_sink_context(kMemory); }
TEST_CASE("memory sink: threads") { check_sink_concurrency(kMemory); }

}  // namespace
}  // namespace dbsnap::testing
