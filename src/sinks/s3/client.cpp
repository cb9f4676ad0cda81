#include "sinks/s3/client.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "base/http/http_date.hpp"
#include "sinks/s3/address.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kFirstRegion = "us-east-1";
constexpr std::int64_t kTolerableSkew = 240;  // seconds; stores refuse at 900

HttpOptions http_options(const S3Options& options) {
  HttpOptions http;
  http.ca_bundle = options.ca_bundle;
  http.http_proxy = options.proxy;
  http.https_proxy = options.proxy;
  http.no_proxy = options.no_proxy;
  http.stall_timeout = std::chrono::seconds(options.timeout_s);
  http.connect_timeout = std::min(http.connect_timeout, std::chrono::milliseconds(http.stall_timeout));
  return http;
}

bool is_success(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }

}  // namespace

Client::Client(S3Options options, std::shared_ptr<CredentialChain> credentials)
    : options_(std::move(options)),
      credentials_(std::move(credentials)),
      http_(http_options(options_)),
      region_(options_.region.empty() ? std::string(kFirstRegion) : options_.region) {}

std::string Client::region() const {
  const std::scoped_lock lock(mutex_);
  return region_;
}

HttpResponse Client::send(const Request& request, const Context& context) {
  Corrections done;
  while (true) {
    const SignedWith with{credentials_->get(context), region(), clock_offset_};
    HttpResponse response = send_once(request, with, context);
    note(response, context);
    if (!correct(response, with, done, context)) return response;
  }
}

HttpResponse Client::require(const Request& request, const Attempt& attempt, const Context& context) {
  HttpResponse response = send(request, context);
  if (!is_success(response)) throw failure(response, attempt);
  return response;
}

Error Client::failure(const HttpResponse& response, const Attempt& attempt) const {
  S3Options now = options_;
  now.region = region();
  return failure_of(response, attempt, now);
}

Error Client::failure(const ErrorAnswer& answer, int status, const Attempt& attempt) const {
  return failure_of(answer, status, attempt, options_);
}

HttpResponse Client::send_once(const Request& request, const SignedWith& with, const Context& context) {
  const Address address = address_of(options_, with.region, request.key);
  const bool hashed = options_.payload == S3Payload::sha256 || request.body.empty();
  SignedRequest to_sign{.method = request.method,
                        .host = address.host,
                        .path = address.path,
                        .query = request.query,
                        .headers = request.headers,
                        .payload_hash = hashed ? to_hex(request.body_hash ? *request.body_hash : sha256(request.body))
                                               : std::string(kUnsigned),
                        .region = with.region,
                        .service = "s3"};
  HttpRequest http{.method = request.method,
                   .url = address.scheme + "://" + address.host + address.path,
                   .headers = {},
                   .body = request.body,
                   .max_answer = request.max_answer};
  if (!request.query.empty()) http.url += "?" + canonical_query(request.query);
  const TimePoint now = context.clock->now() + std::chrono::seconds(with.clock_offset);
  http.headers = signer_.sign(std::move(to_sign), with.credentials, now);
  return http_.send(http, context);
}

void Client::note(const HttpResponse& response, const Context& context) {
  if (is_success(response) && !knows_bucket_) knows_bucket_ = true;
  const auto header = response.header("date");
  const auto theirs = header ? parse_http_date(std::string(*header)) : std::nullopt;
  if (!theirs) return;
  clock_difference_ = std::chrono::floor<std::chrono::seconds>(*theirs - context.clock->now()).count();
}

bool Client::correct(const HttpResponse& response, const SignedWith& with, Corrections& done, const Context& context) {
  const int status = response.status;
  if (status != 301 && status != 307 && status != 400 && status != 401 && status != 403) return false;
  const ErrorAnswer answer = error_answer(response);
  const bool elsewhere = status == 301 || status == 307 || answer.code == "AuthorizationHeaderMalformed" ||
                         answer.code == "IllegalLocationConstraintException";
  if (elsewhere && !answer.region.empty()) return !std::exchange(done.region, true) && move_to(answer.region, with);
  const bool skewed = answer.code == "RequestTimeTooSkewed" || (answer.code.empty() && status == 403);
  if (skewed && !std::exchange(done.clock, true) && set_clock(with)) return true;
  const bool expired = answer.code.starts_with("ExpiredToken") || answer.code == "TokenRefreshRequired";
  return expired && !std::exchange(done.credentials, true) && credentials_->renew(with.credentials, context);
}

/// False when that is where the request went already.
bool Client::move_to(const std::string& region, const SignedWith& with) {
  if (with.region == region) return false;
  const std::scoped_lock lock(mutex_);
  region_ = region;
  return true;
}

/// False when the time of the signature was near enough to the store's.
bool Client::set_clock(const SignedWith& with) {
  const std::int64_t difference = clock_difference_;
  if (std::abs(difference - with.clock_offset) < kTolerableSkew) return false;
  clock_offset_ = difference;
  return true;
}

}  // namespace dbsnap::s3
