// What the S3 sink makes of a store that fails: which error, whether it is worth repeating, and what was stored.
#include <doctest/doctest.h>

#include <stop_token>
#include <thread>

#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repo/store_probe.hpp"
#include "s3/s3_fixture.hpp"

namespace dbsnap::testing {
namespace {

using nlohmann::json;

json one(json rule) { return json::array({std::move(rule)}); }

/// The error of a put that the store answers in this way.
Error put_failure(const S3Server& server, const json& rule) {
  const auto sink = server.sink();
  server.set_faults(one(rule));
  const auto error = error_of([&] { Store{*sink}.put("packs/aa/x", to_bytes("bytes")); });
  REQUIRE(error.has_value());
  CHECK(error->message().find("packs/aa/x") != std::string::npos);
  CHECK_FALSE(Store{*sink}.stat("packs/aa/x").has_value());
  return *error;
}

}  // namespace

TEST_CASE("s3 sink: a store that asks to slow down is told apart, with the time it asks for") {
  const Error error = put_failure(quiet_server(), {{"method", "PUT"},
                                                   {"do", "answer"},
                                                   {"status", 503},
                                                   {"code", "SlowDown"},
                                                   {"headers", {{"Retry-After", "7"}}}});
  CHECK(error.code() == ErrorCode::storage_unreachable);
  CHECK(error.retryable());
  CHECK(error.had_no_effect());
  CHECK(fact_of(error, "slow_down") == "1");
  CHECK(fact_of(error, "retry_after_s") == "7");
  CHECK(error.native_code() == 503);
}

TEST_CASE("s3 sink: a failure of the store is worth repeating, and its effect unknown") {
  for (const int status : {500, 502, 503, 504}) {
    CAPTURE(status);
    const Error error = put_failure(quiet_server(), {{"method", "PUT"}, {"do", "answer"}, {"status", status}});
    CHECK(error.code() == ErrorCode::storage_unreachable);
    CHECK(error.retryable());
    CHECK_FALSE(error.had_no_effect());
  }
}

TEST_CASE("s3 sink: refusals are sorted by what can be done about them") {
  struct Case {
    int status;
    const char* code;
    ErrorCode expected;
    bool retryable;
    int exit_code;
  };
  const Case cases[] = {{403, "AccessDenied", ErrorCode::access_refused, false, 7},
                        {403, "InvalidAccessKeyId", ErrorCode::access_refused, false, 7},
                        {403, "SignatureDoesNotMatch", ErrorCode::access_refused, false, 7},
                        {400, "ExpiredToken", ErrorCode::access_refused, false, 7},
                        {403, "QuotaExceeded", ErrorCode::no_space, false, 6},
                        {507, "InsufficientStorage", ErrorCode::no_space, false, 6},
                        {404, "NoSuchBucket", ErrorCode::storage_unreachable, false, 5},
                        {400, "RequestTimeout", ErrorCode::storage_unreachable, true, 5},
                        {429, "TooManyRequests", ErrorCode::storage_unreachable, true, 5},
                        {409, "ConditionalRequestConflict", ErrorCode::storage_unreachable, true, 5},
                        {409, "OperationAborted", ErrorCode::storage_unreachable, true, 5},
                        {400, "BadDigest", ErrorCode::io, true, 1},
                        {400, "SomethingNew", ErrorCode::io, false, 1}};
  for (const Case& each : cases) {
    CAPTURE(each.code);
    const Error error = put_failure(quiet_server(), {{"method", "PUT"},
                                                     {"do", "answer"},
                                                     {"status", each.status},
                                                     {"code", each.code},
                                                     {"message", "in the store's own words"}});
    CHECK(error.code() == each.expected);
    CHECK(error.exit_code() == each.exit_code);
    CHECK(error.retryable() == each.retryable);
    CHECK(error.had_no_effect());
    CHECK(error.why().find(each.code) != std::string::npos);
    CHECK(error.why().find("in the store's own words") != std::string::npos);
  }
}

TEST_CASE("s3 sink: an answer that is lost leaves the put's outcome open, and the put is not sent again") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  store.put("first", to_bytes("opens the connection that is used again"));
  for (const bool empty : {false, true}) {
    CAPTURE(empty);
    const std::string key = empty ? "lost/empty" : "lost/full";
    server.set_faults(one({{"key", key}, {"method", "PUT"}, {"do", "close"}, {"effect", true}}));
    const Bytes bytes = empty ? Bytes{} : to_bytes("arrived");
    const auto error = error_of([&] { store.put_if_absent(key, bytes); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
    CHECK_FALSE(error->had_no_effect());
    CHECK(store.get(key) == bytes);
  }
  CHECK(server.count("PUT") == 3);
}

TEST_CASE("s3 sink: a put that is cut off on its way surely had no effect") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  const Bytes bytes = Random(3).bytes(30 * 1024 * 1024);
  for (const int cut : {0, 1, 1'000'000}) {
    CAPTURE(cut);
    server.set_faults(one({{"method", "PUT"}, {"do", "cut_request"}, {"bytes", cut}}));
    const auto error = error_of([&] { store.put("packs/cut", bytes); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
    CHECK(error->had_no_effect());
    CHECK_FALSE(store.stat("packs/cut").has_value());
  }
}

TEST_CASE("s3 sink: a store that refuses a large object before it has read it is heard") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  const Bytes bytes = Random(6).bytes(30 * 1024 * 1024);
  server.set_faults(one({{"method", "PUT"}, {"do", "refuse_early"}, {"status", 403}, {"code", "QuotaExceeded"}}));
  const auto error = error_of([&] { store.put("packs/large", bytes); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::no_space);
  CHECK(error->had_no_effect());
  store.put("packs/large", bytes);
  CHECK(store.get("packs/large") == bytes);
}

TEST_CASE("s3 sink: an answer that is cut off is an error, never fewer bytes") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  const Bytes bytes = Random(4).bytes(200'000);
  store.put("whole", bytes);
  for (const int cut : {0, 1, 199'999}) {
    CAPTURE(cut);
    server.set_faults(one({{"method", "GET"}, {"do", "cut_answer"}, {"bytes", cut}}));
    const auto error = error_of([&] { (void)store.get("whole"); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
    CHECK(store.get("whole") == bytes);
  }
}

TEST_CASE("s3 sink: another range than the one that was asked for is an error") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  store.put("ranged", Random(5).bytes(1000));
  for (const char* range : {"bytes 0-9/1000", "bytes 5-13/1000", "bytes 5-15/1000", "pages 5-14/1000", ""}) {
    CAPTURE(range);
    server.set_faults(one({{"method", "GET"},
                           {"do", "answer"},
                           {"status", 206},
                           {"headers", {{"Content-Range", range}}},
                           {"body", "0123456789"}}));
    CHECK(code_of([&] { (void)store.get("ranged", {5, 10}); }) == ErrorCode::storage_unreachable);
  }
}

TEST_CASE("s3 sink: a listing that is broken is an error, never an end") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  store.put("there", to_bytes("x"));
  const std::string start = "<ListBucketResult><Name>test</Name><KeyCount>1</KeyCount>";
  const std::string entry = "<Contents><Key>a</Key><Size>1</Size></Contents>";
  for (const std::string& body :
       {std::string(), std::string("<html>welcome</html>"), start, start + "</ListBucketResult>",
        start + entry + "<IsTruncated>true</IsTruncated></ListBucketResult>",
        start + "<Contents><Key>a</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>",
        std::string("<Error><Code>InternalError</Code></Error>")}) {
    CAPTURE(body);
    server.set_faults(one({{"method", "GET"}, {"do", "answer"}, {"body", body}}));
    CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::damaged);
  }
  SUBCASE("in the middle, too") {
    for (int n = 0; n < 20; ++n) store.put("many/" + std::to_string(n), {});
    server.set_mode({{"page_size", 5}});
    server.set_faults(
        one({{"method", "GET"}, {"query", "continuation-token"}, {"skip", 1}, {"do", "cut_answer"}, {"bytes", 100}}));
    CHECK(code_of([&] { (void)store.list("many/"); }) == ErrorCode::storage_unreachable);
    CHECK(store.list("many/").shown.size() == 20);
  }
  SUBCASE("a page that leads back to itself ends the listing with an error") {
    const std::string page = start + entry +
                             "<NextContinuationToken>again</NextContinuationToken><IsTruncated>true</IsTruncated>"
                             "</ListBucketResult>";
    server.set_faults(one({{"method", "GET"}, {"times", 5}, {"do", "answer"}, {"body", page}}));
    CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::damaged);
  }
}

TEST_CASE("s3 sink: a refusal of a HEAD, which has no words, is not taken for absence") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  store.put("there", to_bytes("12345"));
  server.set_faults({{{"method", "HEAD"}, {"do", "answer"}, {"status", 403}},
                     {{"method", "GET"}, {"do", "answer"}, {"status", 403}, {"code", "AccessDenied"}}});
  CHECK(code_of([&] { (void)store.stat("there"); }) == ErrorCode::access_refused);
  server.set_faults(one({{"method", "HEAD"}, {"do", "answer"}, {"status", 400}}));
  CHECK(store.stat("there").value().size == 5);
  store.put("empty", {});
  server.set_faults(one({{"method", "HEAD"}, {"do", "answer"}, {"status", 400}}));
  CHECK(store.stat("empty").value().size == 0);
}

TEST_CASE("s3 sink: a bucket that does not exist is not a bucket without the object") {
  S3Options options = quiet_server().options();
  options.bucket = "nowhere";
  const auto sink = make_s3_sink(options);
  const Store store{*sink};
  CHECK(code_of([&] { (void)store.stat("a"); }) == ErrorCode::storage_unreachable);
  CHECK(code_of([&] { (void)store.get("a"); }) == ErrorCode::storage_unreachable);
  CHECK(code_of([&] { store.remove("a"); }) == ErrorCode::storage_unreachable);
  CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::storage_unreachable);
  const auto error = error_of([&] { store.put("a", {}); });
  REQUIRE(error.has_value());
  CHECK_FALSE(error->retryable());
  CHECK(error->hint().starts_with("aws s3api create-bucket --bucket nowhere"));
}

TEST_CASE("s3 sink: a key that the store does not know, and a wrong secret, are refused without showing either") {
  for (const bool wrong_id : {true, false}) {
    S3Options options = quiet_server().options();
    (wrong_id ? options.keys.access_key_id : options.keys.secret_access_key) = "wrong-and-hidden";
    const auto sink = make_s3_sink(options);
    const auto error = error_of([&] { Store{*sink}.put("a", {}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::access_refused);
    CHECK(error->had_no_effect());
    CHECK((error->message() + error->why() + error->hint()).find("hidden") == std::string::npos);
    CHECK(sink->url().find("hidden") == std::string::npos);
  }
}

TEST_CASE("s3 sink: the region is found out, once") {
  for (const int status : {400, 301, 307}) {
    CAPTURE(status);
    const S3Server& server = quiet_server();
    server.set_mode({{"region", "eu-west-9"}, {"region_status", status}});
    SUBCASE("by a put") {
      const auto sink = server.sink();
      Store{*sink}.put("a", to_bytes("1"));
      Store{*sink}.put("b", to_bytes("2"));
      CHECK(server.count("PUT") == 3);
    }
    SUBCASE("by a question that has no words in its answer") {
      const auto sink = server.sink();
      CHECK_FALSE(Store{*sink}.stat("a").has_value());
      Store{*sink}.put("a", to_bytes("1"));
      CHECK(server.count("PUT") == 1);
    }
    SUBCASE("a bucket that is sent from region to region ends with an error that names one") {
      const auto sink = server.sink();
      server.set_faults(one({{"method", "PUT"},
                             {"times", 10},
                             {"do", "answer"},
                             {"status", 301},
                             {"code", "PermanentRedirect"},
                             {"headers", {{"x-amz-bucket-region", "mars-1"}}}}));
      const auto error = error_of([&] { Store{*sink}.put("a", to_bytes("1")); });
      REQUIRE(error.has_value());
      CHECK(error->exit_code() == 5);
      CHECK(error->message().find("mars-1") != std::string::npos);
      CHECK(server.count("PUT") == 2);
    }
  }
}

TEST_CASE("s3 sink: a clock that is wrong is corrected by the store's, once") {
  for (const int ahead : {3600, -7200}) {
    const S3Server& server = quiet_server();
    server.set_mode({{"clock_ahead_s", ahead}});
    const auto sink = server.sink();
    CHECK_FALSE(Store{*sink}.stat("a").has_value());
    Store{*sink}.put("a", to_bytes("1"));
    CHECK(to_text(Store{*sink}.get("a")) == "1");
    CHECK(server.count("PUT") == 1);
  }
}

TEST_CASE("s3 sink: a store that hangs does not hang its user") {
  const S3Server& server = quiet_server();
  S3Options options = server.options();
  options.timeout_s = 2;
  const auto sink = make_s3_sink(options);
  const Store store{*sink};
  store.put("there", to_bytes("x"));
  SUBCASE("the call fails after the time without a byte") {
    server.set_faults(one({{"method", "GET"}, {"do", "hang"}}));
    const auto error = error_of([&] { (void)store.get("there"); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
  }
  SUBCASE("of a put that was sent nobody knows the outcome") {
    server.set_faults(one({{"method", "PUT"}, {"do", "hang"}}));
    const auto error = error_of([&] { store.put("new", to_bytes("x")); });
    REQUIRE(error.has_value());
    CHECK_FALSE(error->had_no_effect());
  }
  SUBCASE("a stop is heard meanwhile") {
    server.set_faults(one({{"do", "hang"}}));
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    const std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      stop.request_stop();
    });
    CHECK(code_of([&] { (void)sink->get("there", {}, context); }) == ErrorCode::cancelled);
  }
  SUBCASE("so is a deadline") {
    server.set_faults(one({{"do", "hang"}}));
    Context context;
    context.deadline = context.clock->monotonic() + std::chrono::milliseconds(300);
    CHECK(code_of([&] { (void)sink->get("there", {}, context); }) == ErrorCode::deadline_exceeded);
  }
}

TEST_CASE("s3 sink: what cannot be reached had no effect") {
  S3Options options = quiet_server().options();
  for (const char* endpoint : {"http://127.0.0.1:9", "http://no-such-host.invalid"}) {
    CAPTURE(endpoint);
    options.endpoint = endpoint;
    const auto sink = make_s3_sink(options);
    const auto error = error_of([&] { Store{*sink}.put("a", to_bytes("x")); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
    CHECK(error->had_no_effect());
    CHECK(error->message().find(endpoint) != std::string::npos);
  }
}

TEST_CASE("s3 sink: what a store does with conditions is found out by the probe") {
  const S3Server& server = quiet_server();
  for (const auto& [mode, works] : {std::pair{"honour", true}, {"ignore", false}, {"refuse", false}}) {
    CAPTURE(mode);
    server.set_mode({{"conditional", mode}});
    const auto sink = server.sink();
    const StoreModes modes = probe_store(*sink, {});
    CHECK(modes.if_absent == works);
    CHECK(modes.list_after_write);
    CHECK(Store{*sink}.keys().empty());
  }
}

TEST_CASE("s3 sink: of many removals the one that fails is named, and the others are done") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const Store store{*sink};
  std::vector<std::string> keys;
  for (int n = 0; n < 1500; ++n) keys.push_back("packs/" + std::to_string(n));
  for (int n = 0; n < 1500; n += 100) store.put(keys[static_cast<std::size_t>(n)], {});
  SUBCASE("two requests do for 1500 keys") {
    sink->remove_all(keys, {});
    CHECK(server.count("POST") == 2);
    CHECK(store.keys().empty());
  }
  SUBCASE("a locked object") {
    server.set_mode({{"undeletable", {"packs/300"}}});
    const auto error = error_of([&] { sink->remove_all(keys, {}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::access_refused);
    CHECK(error->message().find("packs/300") != std::string::npos);
    CHECK(store.keys("packs/30") == "packs/300");
  }
  SUBCASE("a failure of the whole request") {
    server.set_faults(one({{"method", "POST"}, {"do", "answer"}, {"status", 503}, {"code", "SlowDown"}}));
    CHECK(code_of([&] { sink->remove_all(keys, {}); }) == ErrorCode::storage_unreachable);
  }
}

}  // namespace dbsnap::testing
