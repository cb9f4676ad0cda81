// Uploads in parts: what arrives, and what a failure leaves behind, which is nothing.
#include <doctest/doctest.h>

#include <stop_token>
#include <thread>

#include "base/hash.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "s3/s3_fixture.hpp"

namespace dbsnap::testing {
namespace {

using nlohmann::json;

constexpr std::size_t kPart = 5 * 1024 * 1024;

std::shared_ptr<Sink> sink_of_parts(const S3Server& server, unsigned timeout_s = 60) {
  S3Options options = server.options();
  options.part_size = kPart;
  options.timeout_s = timeout_s;
  return make_s3_sink(options);
}

unsigned unfinished(const S3Server& server) { return server.state()["uploads"].get<unsigned>(); }

}  // namespace

TEST_CASE("s3 upload: what is larger than a part arrives whole, in as many parts as it takes") {
  const S3Server& server = quiet_server();
  const auto sink = sink_of_parts(server);
  const Store store{*sink};
  for (const std::size_t size : {kPart, kPart + 1, 2 * kPart, 2 * kPart + 77}) {
    CAPTURE(size);
    const Bytes bytes = Random(size).bytes(size);
    server.reset();
    CHECK(store.put("packs/aa/large", bytes) == PutResult::stored);
    const std::size_t parts = size <= kPart ? 0 : (size + kPart - 1) / kPart;
    CHECK(server.count("POST") == (parts == 0 ? 0 : 2));
    CHECK(server.count("PUT") == std::max<std::size_t>(parts, 1));
    CHECK(store.get("packs/aa/large") == bytes);
    CHECK(unfinished(server) == 0);
  }
}

TEST_CASE("s3 upload: create-if-absent goes up in one piece, whatever its size") {
  const S3Server& server = quiet_server();
  const auto sink = sink_of_parts(server);
  const Store store{*sink};
  const Bytes bytes = Random(1).bytes(2 * kPart);
  CHECK(store.put_if_absent("snapshots/s/1", bytes) == PutResult::stored);
  CHECK(store.put_if_absent("snapshots/s/1", bytes) == PutResult::already_exists);
  CHECK(server.count("POST") == 0);
}

TEST_CASE("s3 upload: a step that fails leaves no object and no parts, and surely had no effect") {
  const std::string error_body = "\n   \n<Error><Code>InternalError</Code><Message>no</Message></Error>";
  const json rules[] = {
      {{"method", "POST"}, {"query", "uploads"}, {"do", "answer"}, {"status", 503}, {"code", "SlowDown"}},
      {{"method", "POST"}, {"query", "uploads"}, {"do", "answer"}, {"body", "<html/>"}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"do", "answer"}, {"status", 500}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"skip", 1}, {"do", "answer"}, {"status", 500}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"skip", 1}, {"do", "close"}, {"effect", true}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"skip", 1}, {"do", "cut_request"}, {"bytes", 5000}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"do", "answer"}, {"body", error_body}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"do", "answer"}, {"body", ""}},
      {{"method", "PUT"}, {"query", "partNumber"}, {"do", "hang"}},
  };
  for (const json& rule : rules) {
    CAPTURE(rule.dump());
    const S3Server& server = quiet_server();
    const auto sink = sink_of_parts(server, rule["do"] == "hang" ? 2 : 60);
    const Store store{*sink};
    const Bytes bytes = Random(2).bytes(2 * kPart + 1);
    server.set_faults(json::array({rule}));
    const auto error = error_of([&] { store.put("packs/aa/large", bytes); });
    REQUIRE(error.has_value());
    CHECK(error->retryable());
    CHECK(error->had_no_effect());
    CHECK_FALSE(store.stat("packs/aa/large").has_value());
    CHECK(unfinished(server) == 0);
    CHECK(store.put("packs/aa/large", bytes) == PutResult::stored);
    CHECK(store.get("packs/aa/large") == bytes);
  }
}

TEST_CASE("s3 upload: a last step that fails with success in its status is a failure of unknown outcome") {
  const std::string spaces = "<?xml version=\"1.0\"?>\n";
  const json rules[] = {
      {{"do", "answer"}, {"body", "   \n <Error><Code>InternalError</Code><Message>no</Message></Error>"}},
      {{"do", "answer"}, {"body", spaces + "<Error><Code>InternalError</Code></Error>"}},
      {{"do", "answer"}, {"body", ""}},
      {{"do", "answer"}, {"body", "<CompleteMultipartUploadResult><Key>x</Key></CompleteMultipartUploadResult>"}},
      {{"do", "answer"}, {"status", 500}},
      {{"do", "close"}},
  };
  for (json rule : rules) {
    CAPTURE(rule.dump());
    const S3Server& server = quiet_server();
    const auto sink = sink_of_parts(server);
    const Store store{*sink};
    rule["method"] = "POST";
    rule["query"] = "uploadId";
    server.set_faults(json::array({rule}));
    const auto error = error_of([&] { store.put("packs/aa/large", Random(3).bytes(kPart + 1)); });
    REQUIRE(error.has_value());
    CHECK(error->retryable());
    CHECK_FALSE(error->had_no_effect());
    CHECK_FALSE(store.stat("packs/aa/large").has_value());
    CHECK(unfinished(server) == 0);
  }
}

TEST_CASE("s3 upload: a lost answer to the last step leaves the whole object") {
  const S3Server& server = quiet_server();
  const auto sink = sink_of_parts(server);
  const Store store{*sink};
  const Bytes bytes = Random(4).bytes(kPart + 1);
  server.set_faults({{{"method", "POST"}, {"query", "uploadId"}, {"do", "close"}, {"effect", true}}});
  const auto error = error_of([&] { store.put("packs/aa/large", bytes); });
  REQUIRE(error.has_value());
  CHECK_FALSE(error->had_no_effect());
  CHECK(store.get("packs/aa/large") == bytes);
}

TEST_CASE("s3 upload: a stop in the middle removes what was sent") {
  const S3Server& server = quiet_server();
  const auto sink = sink_of_parts(server);
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  server.set_faults({{{"method", "PUT"}, {"skip", 1}, {"do", "hang"}}});
  const std::jthread stopper([&] {
    while (server.count("PUT") < 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  CHECK(code_of([&] { sink->put("packs/aa/large", Random(5).bytes(3 * kPart), {}, context); }) == ErrorCode::cancelled);
  CHECK(unfinished(server) == 0);
}

TEST_CASE("s3 upload: how an object is to be kept is said with it, packs in their class and the small ones as usual") {
  const S3Server& server = quiet_server();
  server.set_mode({{"kms", true}});
  S3Options options = server.options();
  options.part_size = kPart;
  options.storage_class = "STANDARD_IA";
  options.sse = "aws:kms";
  options.sse_key = "key-1";
  options.object_lock = S3ObjectLock::governance;
  options.object_lock_days = 30;
  const auto sink = make_s3_sink(options);
  const Store store{*sink};
  const auto headers = [&](const std::string& key) { return server.kept(options.prefix + "/" + key); };
  store.put("packs/aa/1", to_bytes("x"));
  store.put("packs/aa/2", Random(6).bytes(kPart + 1));
  store.put("snapshots/s/1", to_bytes("x"));
  store.put("alive/s/1", to_bytes("x"));
  for (const char* key : {"packs/aa/1", "packs/aa/2"}) {
    CAPTURE(key);
    CHECK(headers(key)["x-amz-storage-class"] == "STANDARD_IA");
    CHECK(headers(key)["x-amz-server-side-encryption"] == "aws:kms");
    CHECK(headers(key)["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1");
    CHECK(headers(key)["x-amz-object-lock-mode"] == "GOVERNANCE");
  }
  CHECK_FALSE(headers("snapshots/s/1").contains("x-amz-storage-class"));
  CHECK(headers("snapshots/s/1")["x-amz-object-lock-mode"] == "GOVERNANCE");
  CHECK_FALSE(headers("alive/s/1").contains("x-amz-object-lock-mode"));
  CHECK(headers("alive/s/1")["x-amz-server-side-encryption"] == "aws:kms");
}

TEST_CASE("s3 upload: a store that is asked to keeps the SHA-256 of what goes up in one piece, and tells it") {
  const S3Server& server = quiet_server();
  S3Options options = server.options();
  options.part_size = kPart;
  const Bytes small = Random(3).bytes(1000);
  const Bytes large = Random(4).bytes(kPart + 1);
  const auto told = [&](S3Checksums checksums, const std::string& key) {
    options.checksums = checksums;
    const auto sink = make_s3_sink(options);
    return sink->stat(key, {}).value().sha256;
  };
  options.checksums = S3Checksums::on;
  const auto sink = make_s3_sink(options);
  sink->put("packs/aa/small", small, {}, {});
  sink->put("packs/aa/large", large, {}, {});
  CHECK(told(S3Checksums::on, "packs/aa/small") == sha256(small));
  CHECK(told(S3Checksums::on, "packs/aa/large") == std::nullopt);
  CHECK(told(S3Checksums::automatic, "packs/aa/small") == std::nullopt);
}

}  // namespace dbsnap::testing
