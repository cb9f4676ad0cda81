// The S3 sink keeps the sink contract on OpenStack Swift, which refuses create-if-absent.
#include <doctest/doctest.h>

#include "base/url.hpp"
#include "conformance/sink_conformance.hpp"
#include "repo/store_probe.hpp"
#include "s3/real_store.hpp"

namespace dbsnap::testing {
namespace {

const RealStore& store() {
  static const RealStore swift("swift_s3.py");
  return swift;
}

std::shared_ptr<Sink> open_again(Sink& sink) {
  S3Options options = store().options();
  options.prefix = parse_url(sink.url()).path.substr(1);
  return make_s3_sink(options);
}

const SinkSubject kSwift{.make_empty = [] { return store().sink(); },
                         .open_again = open_again,
                         .refuses_if_absent = true,
                         .long_listing = 120};

TEST_CASE("s3 sink on swift: objects") { check_sink_objects(kSwift); }
TEST_CASE("s3 sink on swift: keys") { check_sink_keys(kSwift); }
TEST_CASE("s3 sink on swift: listing") { check_sink_listing(kSwift); }
TEST_CASE("s3 sink on swift: cancellation and deadline") { check_sink_context(kSwift); }
TEST_CASE("s3 sink on swift: threads and processes") { check_sink_concurrency(kSwift); }

TEST_CASE("s3 sink on swift: the probe finds a store that does not know create-if-absent") {
  const auto sink = store().sink();
  CHECK_FALSE(probe_store(*sink, {}).if_absent);
}

}  // namespace
}  // namespace dbsnap::testing
