// The local sink keeps the sink contract.
#include <doctest/doctest.h>

#include "base/url.hpp"
#include "conformance/sink_conformance.hpp"
#include "dbsnap/sinks/local.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

/// A sink over a fresh folder, which goes with it.
std::shared_ptr<Sink> make_empty() {
  auto folder = std::make_shared<TempFolder>();
  auto sink = make_local_sink({*folder / "repository"});
  Sink* const plain = sink.get();
  return {plain, [folder, sink](Sink*) mutable { sink.reset(); }};
}

std::shared_ptr<Sink> open_again(Sink& sink) { return make_local_sink({parse_url(sink.url()).path}); }

// Every put waits for the disk, hence the shorter listing.
const SinkSubject kLocal{.make_empty = make_empty, .open_again = open_again, .long_listing = 300};

TEST_CASE("local sink: objects") { check_sink_objects(kLocal); }
TEST_CASE("local sink: keys") { check_sink_keys(kLocal); }
TEST_CASE("local sink: listing") { check_sink_listing(kLocal); }
TEST_CASE("local sink: cancellation and deadline") { check_sink_context(kLocal); }
TEST_CASE("local sink: threads and processes") { check_sink_concurrency(kLocal); }

}  // namespace
}  // namespace dbsnap::testing
