// AWS Signature Version 4: proves to a store that a request was made by the owner of a secret key.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http/http_client.hpp"
#include "base/secret.hpp"
#include "dbsnap/clock.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// Names and values before encoding.
using Query = std::vector<std::pair<std::string, std::string>>;

/// What is signed. `path` is percent-encoded already and is sent just so: S3 signs it as it is.
struct SignedRequest {
  std::string method;
  std::string host;
  std::string path;
  Query query;
  std::vector<HttpHeader> headers;  ///< every one is signed, beside host and those that signing adds
  std::string payload_hash;         ///< hex SHA-256 of the body, or "UNSIGNED-PAYLOAD"
  std::string region;
  std::string service;
};

/// "a=1&b=" with names and values encoded and sorted; the same text stands in the URL and in what is signed.
std::string canonical_query(const Query& query);
/// The text whose hash is signed; names of the signed headers go to `signed_names`.
std::string canonical_request(const SignedRequest& request, std::string& signed_names);
/// "20130524T000000Z".
std::string signing_time(TimePoint time);

/// Signs requests; the key of a day is made once. Safe from many threads.
class Signer {
 public:
  /// The headers to send: those of the request, `x-amz-date`, `x-amz-security-token` where there is one, and
  /// `authorization`. For the service s3 also `x-amz-content-sha256`.
  std::vector<HttpHeader> sign(SignedRequest request, const S3Credentials& credentials, TimePoint now);

 private:
  SecretKey day_key(const S3Credentials& credentials, std::string_view day, const SignedRequest& request);

  std::mutex mutex_;
  std::string cached_for_;
  SecretText cached_secret_;
  SecretKey cached_;
};

}  // namespace dbsnap::s3
