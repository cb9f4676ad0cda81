// Signatures: the examples of AWS's own documentation, and the rules they do not show.
#include "sinks/s3/signature.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

using s3::SignedRequest;

const S3Credentials kExampleKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", std::nullopt};
// 2013-05-24 00:00:00 UTC
constexpr TimePoint kExampleTime{std::chrono::seconds(1'369'353'600)};

SignedRequest example(const std::string& method, const std::string& path) {
  SignedRequest request;
  request.method = method;
  request.host = "examplebucket.s3.amazonaws.com";
  request.path = path;
  request.payload_hash = to_hex(sha256({}));
  request.region = "us-east-1";
  request.service = "s3";
  return request;
}

std::string header(const std::vector<HttpHeader>& headers, const std::string& name) {
  for (const HttpHeader& each : headers) {
    if (each.name == name) return each.value;
  }
  return {};
}

std::string signature_of(const SignedRequest& request) {
  const std::string text = header(s3::Signer().sign(request, kExampleKeys, kExampleTime), "authorization");
  return text.substr(text.rfind('=') + 1);
}

}  // namespace

TEST_CASE("s3 signature: the four examples of the documentation") {
  SignedRequest get = example("GET", "/test.txt");
  get.headers = {{"Range", "bytes=0-9"}};
  CHECK(signature_of(get) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");

  SignedRequest put = example("PUT", "/test%24file.text");
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.payload_hash = to_hex(sha256(to_bytes("Welcome to Amazon S3.")));
  CHECK(signature_of(put) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

  SignedRequest lifecycle = example("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  CHECK(signature_of(lifecycle) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");

  SignedRequest list = example("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  CHECK(signature_of(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("s3 signature: a query is sorted after it was encoded, by name and then by value") {
  CHECK(s3::canonical_query({{"b", "2"}, {"a", "z"}, {"a", "b"}, {"uploads", ""}}) == "a=b&a=z&b=2&uploads=");
  // ':' is %3A, which comes before '0'..'9' as text but after them as a byte.
  CHECK(s3::canonical_query({{"a0", "1"}, {"a:", "2"}}) == "a%3A=2&a0=1");
  CHECK(s3::canonical_query({{"token", "a+b/c="}}) == "token=a%2Bb%2Fc%3D");
}

TEST_CASE("s3 signature: headers are sorted by their whole names, trimmed, and joined when they repeat") {
  SignedRequest request = example("GET", "/");
  request.headers = {{"X-Amz-Meta-A-B", "2"}, {"x-amz-meta-a", "  1   0  "}, {"x-amz-meta-a", "3"}};
  std::string names;
  const std::string text = s3::canonical_request(request, names);
  CHECK(names == "host;x-amz-meta-a;x-amz-meta-a-b");
  CHECK(text.find("\nx-amz-meta-a:1 0,3\nx-amz-meta-a-b:2\n\n") != std::string::npos);
}

TEST_CASE("s3 signature: the path goes in as it is, also with dots and slashes that look redundant") {
  std::string names;
  CHECK(s3::canonical_request(example("GET", "/a/../b//c%20d"), names).starts_with("GET\n/a/../b//c%20d\n\n"));
}

TEST_CASE("s3 signature: a session token is signed, and another secret or day gives another key") {
  s3::Signer signer;
  S3Credentials keys = kExampleKeys;
  const auto sign = [&](TimePoint now) { return signer.sign(example("GET", "/"), keys, now); };
  const auto plain = sign(kExampleTime);
  keys.session_token = "tok/en=";
  const auto with_token = sign(kExampleTime);
  CHECK(header(with_token, "x-amz-security-token") == "tok/en=");
  CHECK(header(with_token, "authorization").find(";x-amz-security-token,") != std::string::npos);
  keys.session_token.clear();
  keys.secret_access_key += "x";
  CHECK(header(sign(kExampleTime), "authorization") != header(plain, "authorization"));
  keys = kExampleKeys;
  CHECK(header(sign(kExampleTime + std::chrono::hours(24)), "authorization").find("/20130525/") != std::string::npos);
  CHECK(header(sign(kExampleTime), "authorization") == header(plain, "authorization"));
}

}  // namespace dbsnap::testing
