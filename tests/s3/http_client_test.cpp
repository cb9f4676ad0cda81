// The HTTP client by itself: certificates, connections and descriptors.
#include <doctest/doctest.h>

#include <filesystem>

#include "base/http/http_client.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "s3/s3_fixture.hpp"

namespace dbsnap::testing {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// A certificate for localhost that no authority has signed.
void make_certificate(const TempFolder& folder) {
  const RunResult made =
      run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                   "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key",
                   "-out", folder / "certificate"});
  REQUIRE_MESSAGE(made.status.code == 0, made.err);
}

}  // namespace

TEST_CASE("http client: a certificate that nobody vouches for is refused, unless the caller trusts it") {
  const TempFolder folder;
  make_certificate(folder);
  const S3Server server({"--certificate", folder / "certificate", "--key", folder / "key"});
  S3Options options = server.options();
  SUBCASE("unknown") {
    const auto error = error_of([&] { Store{*make_s3_sink(options)}.put("a", to_bytes("x")); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->message().find("certificate") != std::string::npos);
    CHECK(error->had_no_effect());
    CHECK_FALSE(error->retryable());
  }
  SUBCASE("trusted") {
    options.ca_bundle = folder / "certificate";
    for (const S3Payload payload : {S3Payload::sha256, S3Payload::unsigned_body}) {
      options.payload = payload;
      const auto sink = make_s3_sink(options);
      const Bytes bytes = Random(1).bytes(100'000);
      Store{*sink}.put("a", bytes);
      CHECK(Store{*sink}.get("a") == bytes);
    }
  }
  SUBCASE("trusted, for another host") {
    options.ca_bundle = folder / "certificate";
    options.endpoint = "https://127.0.0.1" + options.endpoint.substr(options.endpoint.rfind(':'));
    CHECK(code_of([&] { Store{*make_s3_sink(options)}.put("a", {}); }) == ErrorCode::storage_unreachable);
  }
}

TEST_CASE("http client: a thousand operations, failed ones among them, leave no connection and no descriptor") {
  const S3Server& server = quiet_server();
  const std::size_t before = open_descriptors();
  {
    const auto sink = server.sink();
    const Store store{*sink};
    for (int n = 0; n < 250; ++n) {
      const std::string key = "k/" + std::to_string(n);
      if (n % 10 == 0) {
        server.set_faults({{{"method", "PUT"}, {"do", n % 20 == 0 ? "close" : "answer"}, {"status", 503}}});
        CHECK(error_of([&] { store.put(key, to_bytes("x")); }).has_value());
      }
      store.put(key, to_bytes("x"));
      CHECK(store.get(key).size() == 1);
      CHECK(store.stat(key).has_value());
      store.remove(key);
    }
    // One connection, and what libcurl keeps beside it.
    CHECK(open_descriptors() <= before + 4);
    CHECK(server.state()["connections"].get<unsigned>() <= 1);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("http client: an answer that is longer than allowed is not taken") {
  const S3Server& server = quiet_server();
  HttpClient client({});
  server.set_faults({{{"method", "GET"}, {"times", 2}, {"do", "answer"}, {"body", std::string(1001, 'x')}}});
  const HttpRequest request{.url = server.endpoint() + "/test/x", .max_answer = 1000};
  CHECK(code_of([&] { (void)client.send(request, {}); }) == ErrorCode::damaged);
  CHECK(client.send({.url = request.url, .max_answer = 1001}, {}).body.size() == 1001);
}

TEST_CASE("http client: a redirect is an answer like any other") {
  const S3Server& server = quiet_server();
  HttpClient client({});
  server.set_faults(
      {{{"do", "answer"}, {"status", 302}, {"headers", {{"Location", server.endpoint() + "/elsewhere"}}}}});
  const HttpResponse response = client.send({.url = server.endpoint() + "/test/x"}, {});
  CHECK(response.status == 302);
  CHECK(response.header("location") == server.endpoint() + "/elsewhere");
}

TEST_CASE("http client: what is no address is the caller's mistake") {
  HttpClient client({});
  for (const char* url : {"http://", "gopher://localhost/", "http://local host/"}) {
    CAPTURE(url);
    CHECK(code_of([&] { (void)client.send({.url = url}, {}); }) == ErrorCode::invalid_argument);
  }
}

}  // namespace dbsnap::testing
