// Sinks around a sink keep the sink contract.
#include <doctest/doctest.h>

#include "conformance/sink_conformance.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"

namespace dbsnap::testing {
namespace {

const SinkSubject kRetry{.make_empty = [] { return make_retry_sink(make_memory_sink()); }};
const SinkSubject kLimit{
    .make_empty = [] { return make_limit_sink(make_memory_sink(), {.upload = 1ULL << 40, .download = 1ULL << 40}); }};
const SinkSubject kCount{
    .make_empty = [] { return make_count_sink(make_memory_sink(), std::make_shared<SinkCounter>()); }};

TEST_CASE("retry sink: objects") { check_sink_objects(kRetry); }
TEST_CASE("retry sink: keys") { check_sink_keys(kRetry); }
TEST_CASE("retry sink: listing") { check_sink_listing(kRetry); }
TEST_CASE("retry sink: cancellation and deadline") { check_sink_context(kRetry); }
TEST_CASE("retry sink: threads") { check_sink_concurrency(kRetry); }

TEST_CASE("limit sink: objects") { check_sink_objects(kLimit); }
TEST_CASE("limit sink: keys") { check_sink_keys(kLimit); }
TEST_CASE("limit sink: listing") { check_sink_listing(kLimit); }
TEST_CASE("limit sink: cancellation and deadline") { check_sink_context(kLimit); }
TEST_CASE("limit sink: threads") { check_sink_concurrency(kLimit); }

TEST_CASE("count sink: objects") { check_sink_objects(kCount); }
TEST_CASE("count sink: keys") { check_sink_keys(kCount); }
TEST_CASE("count sink: listing") { check_sink_listing(kCount); }
TEST_CASE("count sink: cancellation and deadline") { check_sink_context(kCount); }
TEST_CASE("count sink: threads") { check_sink_concurrency(kCount); }

}  // namespace
}  // namespace dbsnap::testing
