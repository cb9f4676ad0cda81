// Requests to one bucket: addressed, signed, sent, and put right where the store says what was wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/http/http_client.hpp"
#include "dbsnap/sinks/s3.hpp"
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/failure.hpp"
#include "sinks/s3/signature.hpp"

namespace dbsnap::s3 {

struct Request {
  std::string method = "GET";
  std::string key = {};  ///< whole name in the bucket; empty for the bucket itself
  Query query = {};
  std::vector<HttpHeader> headers = {};
  ByteView body = {};
  std::optional<Hash> body_hash = {};  ///< SHA-256 of `body` where it is known already
  std::size_t max_answer = 4 * 1024 * 1024;
};

/// Safe from many threads.
class Client {
 public:
  Client(S3Options options, std::shared_ptr<CredentialChain> credentials);

  /// The store's answer, whatever it is, after at most one correction each of the region, the clock and the
  /// credentials. Throws what HttpClient::send() throws.
  HttpResponse send(const Request& request, const Context& context);
  /// As send(), but an answer that is no success (2xx) is thrown.
  HttpResponse require(const Request& request, const Attempt& attempt, const Context& context);
  Error failure(const HttpResponse& response, const Attempt& attempt) const;
  Error failure(const ErrorAnswer& answer, int status, const Attempt& attempt) const;

  /// True once the bucket has answered with success: until then "no such object" may mean "no such bucket".
  [[nodiscard]] bool knows_bucket() const noexcept { return knows_bucket_; }
  /// How far the store's clock is ahead of ours, by its last answer.
  [[nodiscard]] std::chrono::seconds clock_difference() const noexcept {
    return std::chrono::seconds(clock_difference_.load());
  }
  [[nodiscard]] const S3Options& options() const noexcept { return options_; }
  [[nodiscard]] std::string region() const;

 private:
  /// What a request was signed with; another thread may have put it right meanwhile.
  struct SignedWith {
    S3Credentials credentials;
    std::string region;
    std::int64_t clock_offset = 0;
  };
  /// What has been put right for one request already.
  struct Corrections {
    bool region = false;
    bool clock = false;
    bool credentials = false;
  };

  HttpResponse send_once(const Request& request, const SignedWith& with, const Context& context);
  void note(const HttpResponse& response, const Context& context);
  bool correct(const HttpResponse& response, const SignedWith& with, Corrections& done, const Context& context);
  bool move_to(const std::string& region, const SignedWith& with);
  bool set_clock(const SignedWith& with);

  const S3Options options_;
  std::shared_ptr<CredentialChain> credentials_;
  HttpClient http_;
  Signer signer_;
  mutable std::mutex mutex_;
  std::string region_;
  std::atomic<bool> knows_bucket_{false};
  std::atomic<std::int64_t> clock_difference_{0};  ///< seen in the last answer, in seconds
  std::atomic<std::int64_t> clock_offset_{0};      ///< added when signing, in seconds
};

}  // namespace dbsnap::s3
