// The signer beside another one: random requests get the signature that botocore gives them.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "base/percent.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "sinks/s3/signature.hpp"

namespace dbsnap::testing {
namespace {

using nlohmann::json;

constexpr std::string_view kAlphabet = "abcXYZ019-._~ /+=&%?#:;,@!$'()*\"<>\\^`{|}\xc3\xa4\xe2\x82\xac";

std::string text(Random& random, std::string_view alphabet, std::size_t most) {
  std::string result;
  for (std::size_t n = random.below(most + 1); n > 0; --n) result += alphabet[random.below(alphabet.size())];
  return result;
}

s3::SignedRequest random_request(Random& random) {
  constexpr const char* kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  constexpr std::string_view kPlain = "abcdefghijklmnop0123456789";
  s3::SignedRequest request;
  request.method = kMethods[random.below(5)];
  request.host = "h" + text(random, kPlain, 10) + (random.below(2) == 0 ? ".example.org" : ":9000");
  // Characters of several bytes must stay whole for the peer, which works on text.
  request.path = "/" + percent_encode(text(random, kAlphabet.substr(0, 42), 30), "/");
  while (request.path.find("//") != std::string::npos || request.path.find("/.") != std::string::npos) {
    request.path = "/" + percent_encode(text(random, kAlphabet.substr(0, 42), 30), "/");
  }
  for (std::size_t n = random.below(5); n > 0; --n) {
    request.query.emplace_back("q" + text(random, kAlphabet.substr(0, 42), 6),
                               text(random, kAlphabet.substr(0, 42), 8));
  }
  for (std::size_t n = random.below(4); n > 0; --n) {
    request.headers.push_back(
        {"x-amz-meta-" + std::to_string(n) + text(random, kPlain, 5), "v  " + text(random, "abc  def", 12) + "w"});
  }
  if (random.below(2) == 0) request.headers.push_back({"content-type", "application/octet-stream"});
  request.payload_hash = to_hex(sha256(random.bytes(random.below(100))));
  request.region = random.below(2) == 0 ? "eu-west-3" : "us-east-1";
  request.service = random.below(4) == 0 ? "sts" : "s3";
  if (request.service == "sts") request.path = "/";
  return request;
}

std::string header(const std::vector<HttpHeader>& headers, const std::string& name) {
  for (const HttpHeader& each : headers) {
    if (each.name == name) return each.value;
  }
  return {};
}

json for_peer(const s3::SignedRequest& request, const S3Credentials& keys, const std::string& time) {
  json headers = json::array();
  for (const HttpHeader& each : request.headers) headers.push_back({each.name, each.value});
  return {{"method", request.method},
          {"host", request.host},
          {"path", request.path},
          {"query", s3::canonical_query(request.query)},
          {"headers", headers},
          {"payload_hash", request.payload_hash},
          {"region", request.region},
          {"service", request.service},
          {"access_key", keys.access_key_id},
          {"secret", keys.secret_access_key},
          {"token", keys.session_token},
          {"time", time}};
}

}  // namespace

TEST_CASE("s3 signature: 400 random requests are signed as another implementation signs them") {
  Random random(20130524);
  s3::Signer signer;
  json questions = json::array();
  std::vector<std::string> ours;
  for (int n = 0; n < 400; ++n) {
    const s3::SignedRequest request = random_request(random);
    const S3Credentials keys{"ID" + std::to_string(n % 3), "se/cret+" + std::to_string(n % 2),
                             n % 4 == 0 ? "to/ken==" : "", std::nullopt};
    const TimePoint now{std::chrono::seconds(1'400'000'000 + random.below(400'000'000))};
    ours.push_back(header(signer.sign(request, keys, now), "authorization"));
    questions.push_back(for_peer(request, keys, s3::signing_time(now)));
  }
  const RunResult peer = run_program({"/usr/bin/python3", std::string(DBSNAP_TEST_FOLDER) + "/s3_sign_peer.py"},
                                     {{}, "", questions.dump()});
  REQUIRE_MESSAGE(peer.status.code == 0, peer.err);
  const json theirs = json::parse(peer.out);
  REQUIRE(theirs.size() == ours.size());
  for (std::size_t n = 0; n < ours.size(); ++n) {
    CAPTURE(questions[n].dump());
    CHECK(ours[n] == theirs[n].get<std::string>());
  }
}

}  // namespace dbsnap::testing
