// The S3 sink keeps the sink contract on the store of the tests, which checks each signature by itself.
#include <doctest/doctest.h>

#include "base/url.hpp"
#include "conformance/sink_conformance.hpp"
#include "s3/s3_fixture.hpp"

namespace dbsnap::testing {
namespace {

std::shared_ptr<Sink> make_empty() { return quiet_server().sink(); }

std::shared_ptr<Sink> open_again(Sink& sink) {
  S3Options options = suite_server().options();
  options.prefix = parse_url(sink.url()).path.substr(1);
  return make_s3_sink(options);
}

const SinkSubject kS3{.make_empty = make_empty, .open_again = open_again};

TEST_CASE("s3 sink: objects") { check_sink_objects(kS3); }
TEST_CASE("s3 sink: keys") { check_sink_keys(kS3); }
TEST_CASE("s3 sink: listing") { check_sink_listing(kS3); }
TEST_CASE("s3 sink: cancellation and deadline") { check_sink_context(kS3); }
TEST_CASE("s3 sink: threads and processes") { check_sink_concurrency(kS3); }

TEST_CASE("s3 sink over a store that lists in version 1 only") {
  SinkSubject subject = kS3;
  subject.make_empty = [] {
    const S3Server& server = quiet_server();
    server.set_mode({{"list_version", 1}, {"page_size", 7}});
    return server.sink();
  };
  subject.long_listing = 200;
  check_sink_listing(subject);
}

TEST_CASE("s3 sink over a store that knows neither DeleteObjects, nor ranges, nor ListObjectsV2") {
  SinkSubject subject = kS3;
  subject.make_empty = [] {
    const S3Server& server = quiet_server();
    server.set_mode({{"list_version", -1}, {"delete_objects", false}, {"ignore_range", true}});
    return server.sink();
  };
  subject.largest_object = 1024 * 1024;
  check_sink_objects(subject);
}

TEST_CASE("s3 sink over a store that refuses create-if-absent") {
  SinkSubject subject = kS3;
  subject.make_empty = [] {
    const S3Server& server = quiet_server();
    server.set_mode({{"conditional", "refuse"}});
    return server.sink();
  };
  subject.largest_object = 1024 * 1024;
  subject.refuses_if_absent = true;
  check_sink_objects(subject);
}

}  // namespace
}  // namespace dbsnap::testing
