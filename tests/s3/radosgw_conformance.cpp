// The S3 sink keeps the sink contract on Ceph's gateway, which checks signatures and honours create-if-absent.
#include <doctest/doctest.h>

#include "base/url.hpp"
#include "conformance/sink_checks.hpp"
#include "conformance/sink_conformance.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repo/store_probe.hpp"
#include "s3/real_store.hpp"

namespace dbsnap::testing {
namespace {

const RealStore& store() {
  static const RealStore radosgw("radosgw.py");
  return radosgw;
}

std::shared_ptr<Sink> open_again(Sink& sink) {
  S3Options options = store().options();
  options.prefix = parse_url(sink.url()).path.substr(1);
  return make_s3_sink(options);
}

const SinkSubject kRadosgw{.make_empty = [] { return store().sink(); }, .open_again = open_again};

TEST_CASE("s3 sink on radosgw: objects") { check_sink_objects(kRadosgw); }
TEST_CASE("s3 sink on radosgw: keys") { check_sink_keys(kRadosgw); }
TEST_CASE("s3 sink on radosgw: listing") { check_sink_listing(kRadosgw); }
TEST_CASE("s3 sink on radosgw: cancellation and deadline") { check_sink_context(kRadosgw); }
TEST_CASE("s3 sink on radosgw: threads and processes") { check_sink_concurrency(kRadosgw); }

TEST_CASE("s3 sink on radosgw: the probe finds a store that does both") {
  const auto sink = store().sink();
  const StoreModes modes = probe_store(*sink, {});
  CHECK(modes.if_absent);
  CHECK(modes.list_after_write);
}

TEST_CASE("s3 sink on radosgw: uploads in parts, listing in version 1") {
  S3Options options = store().options();
  options.part_size = 5 * 1024 * 1024;
  options.list_version = 1;
  const auto sink = make_s3_sink(options);
  const Bytes bytes = Random(1).bytes(12 * 1024 * 1024);
  Store{*sink}.put("packs/aa/1", bytes);
  CHECK(Store{*sink}.get("packs/aa/1") == bytes);
  CHECK(Store{*sink}.list().sizes.at("packs/aa/1") == bytes.size());
}

TEST_CASE("s3 sink on radosgw: a used-up quota is no space, a wrong secret is a refusal") {
  store().make_bucket("bucket-with-quota", "quota_access_key");
  S3Options options = store().options();
  options.bucket = "bucket-with-quota";
  options.keys.access_key_id = store().process().at("quota_access_key");
  const auto sink = make_s3_sink(options);
  const auto fill = [&] {
    for (int n = 0; n < 8; ++n) Store{*sink}.put("packs/" + std::to_string(n), Random(2).bytes(4 * 1024 * 1024));
  };
  const auto error = error_of(fill);
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::no_space);
  CHECK(error->exit_code() == 6);
  options.keys.secret_access_key += "x";
  CHECK(code_of([&] { Store{*make_s3_sink(options)}.put("a", {}); }) == ErrorCode::access_refused);
}

TEST_CASE("s3 sink on radosgw: an examination finds nothing to complain about") {
  for (const Finding& finding : store().sink()->examine({})) {
    CAPTURE(finding.what);
    CHECK(finding.severity <= Severity::note);
  }
}

}  // namespace
}  // namespace dbsnap::testing
