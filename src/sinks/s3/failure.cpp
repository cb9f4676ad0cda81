#include "sinks/s3/failure.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "sinks/s3/s3_url.hpp"

namespace dbsnap::s3 {
namespace {

constexpr int kTemporaryRedirect = 307;

enum class Kind {
  refused,       ///< rights
  unknown_keys,  ///< who we say we are
  expired,
  clock,
  no_bucket,
  absent,
  full,
  slow_down,
  try_again,  ///< surely not carried out
  unclear,    ///< perhaps carried out
  elsewhere,  ///< another region
  altered,    ///< bytes changed on the way
  unsupported,
  other,
};

struct KnownCode {
  std::string_view code;
  Kind kind;
};

constexpr KnownCode kCodes[] = {
    {"AccessDenied", Kind::refused},
    {"AllAccessDisabled", Kind::refused},
    {"AccountProblem", Kind::refused},
    {"InvalidObjectState", Kind::refused},
    {"InvalidAccessKeyId", Kind::unknown_keys},
    {"SignatureDoesNotMatch", Kind::unknown_keys},
    {"InvalidToken", Kind::unknown_keys},
    {"InvalidClientTokenId", Kind::unknown_keys},
    {"ExpiredToken", Kind::expired},
    {"ExpiredTokenException", Kind::expired},
    {"TokenRefreshRequired", Kind::expired},
    {"RequestExpired", Kind::expired},
    {"RequestTimeTooSkewed", Kind::clock},
    {"NoSuchBucket", Kind::no_bucket},
    {"NoSuchKey", Kind::absent},
    {"NoSuchUpload", Kind::other},
    {"QuotaExceeded", Kind::full},
    {"ServiceQuotaExceeded", Kind::full},
    {"InsufficientStorage", Kind::full},
    {"XMinioStorageFull", Kind::full},
    {"XMinioAdminBucketQuotaExceeded", Kind::full},
    {"NotEnoughSpace", Kind::full},
    {"SlowDown", Kind::slow_down},
    {"SlowDownRead", Kind::slow_down},
    {"SlowDownWrite", Kind::slow_down},
    {"ServiceUnavailable", Kind::slow_down},
    {"Throttling", Kind::slow_down},
    {"ThrottlingException", Kind::slow_down},
    {"RequestThrottled", Kind::slow_down},
    {"TooManyRequests", Kind::slow_down},
    {"RequestLimitExceeded", Kind::slow_down},
    {"BandwidthLimitExceeded", Kind::slow_down},
    {"RequestTimeout", Kind::try_again},
    {"ConditionalRequestConflict", Kind::try_again},
    {"OperationAborted", Kind::try_again},
    {"PriorRequestNotComplete", Kind::try_again},
    {"InternalError", Kind::unclear},
    {"PermanentRedirect", Kind::elsewhere},
    {"TemporaryRedirect", Kind::elsewhere},
    {"AuthorizationHeaderMalformed", Kind::elsewhere},
    {"IllegalLocationConstraintException", Kind::elsewhere},
    {"BadDigest", Kind::altered},
    {"InvalidDigest", Kind::altered},
    {"XAmzContentSHA256Mismatch", Kind::altered},
    {"IncompleteBody", Kind::altered},
    {"NotImplemented", Kind::unsupported},
};

Kind kind_of_status(int status) {
  switch (status) {
    case 301:
    case 307:
      return Kind::elsewhere;
    case 401:
    case 403:
      return Kind::refused;
    case 404:
      return Kind::absent;
    case 408:
      return Kind::try_again;
    case 429:
      return Kind::slow_down;
    case 500:
    case 502:
    case 503:
    case 504:
      return Kind::unclear;
    case 501:
      return Kind::unsupported;
    case 507:
      return Kind::full;
    default:
      return Kind::other;
  }
}

Kind kind_of(const ErrorAnswer& answer, int status) {
  const auto found = std::ranges::find(kCodes, std::string_view(answer.code), &KnownCode::code);
  return found == std::end(kCodes) ? kind_of_status(status) : found->kind;
}

ErrorCode code_of(Kind kind) {
  switch (kind) {
    case Kind::refused:
    case Kind::unknown_keys:
    case Kind::expired:
    case Kind::clock:
      return ErrorCode::access_refused;
    case Kind::no_bucket:
    case Kind::slow_down:
    case Kind::try_again:
    case Kind::unclear:
    case Kind::elsewhere:
      return ErrorCode::storage_unreachable;
    case Kind::absent:
      return ErrorCode::not_found;
    case Kind::full:
      return ErrorCode::no_space;
    case Kind::unsupported:
      return ErrorCode::unsupported;
    case Kind::altered:
    case Kind::other:
      return ErrorCode::io;
  }
  return ErrorCode::io;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string aws_command(const std::string& words, const S3Options& options) {
  std::string command = "aws " + words;
  if (!options.endpoint.empty()) command += " --endpoint-url " + options.endpoint;
  return command;
}

std::string reason_of(Kind kind, const ErrorAnswer& answer, const S3Options& options) {
  switch (kind) {
    case Kind::refused:
      return "access is refused";
    case Kind::unknown_keys:
      return "the store does not accept the keys";
    case Kind::expired:
      return "the temporary credentials have expired";
    case Kind::clock:
      return "this machine's clock differs from the store's";
    case Kind::no_bucket:
      return "there is no bucket " + options.bucket;
    case Kind::absent:
      return "no such object";
    case Kind::full:
      return "the quota is used up";
    case Kind::slow_down:
      return "the store asks to slow down";
    case Kind::elsewhere:
      return answer.region.empty()
                 ? "the bucket is in another region"
                 : "the bucket answers from region " + answer.region + ", the request was signed for " + options.region;
    case Kind::altered:
      return "the bytes were changed on the way";
    case Kind::unsupported:
      return "the store cannot do that";
    case Kind::try_again:
    case Kind::unclear:
      return "the store failed";
    case Kind::other:
      return "the store refused";
  }
  return "the store refused";
}

std::string hint_of(Kind kind, const ErrorAnswer& answer, const S3Options& options) {
  switch (kind) {
    case Kind::refused:
      return "dbsnap doctor -r " + quoted(shown_url(options));
    case Kind::unknown_keys:
      return "aws configure list";
    case Kind::expired:
      return "aws sts get-caller-identity";
    case Kind::clock:
      return "timedatectl status";
    case Kind::no_bucket:
      return aws_command("s3api create-bucket --bucket " + options.bucket, options);
    case Kind::full:
      return "dbsnap prune --dry-run -r " + quoted(shown_url(options));
    case Kind::elsewhere: {
      if (answer.region.empty()) return aws_command("s3api get-bucket-location --bucket " + options.bucket, options);
      S3Options there = options;
      there.region = answer.region;
      return "dbsnap list -r " + quoted(shown_url(there));
    }
    default:
      return {};
  }
}

bool is_retryable(Kind kind) {
  return kind == Kind::slow_down || kind == Kind::try_again || kind == Kind::unclear || kind == Kind::altered;
}

std::string words_of(const ErrorAnswer& answer, int status) {
  std::string words = answer.code;
  if (!answer.message.empty()) words += (words.empty() ? "" : ": ") + answer.message;
  words += (words.empty() ? "HTTP " : " (HTTP ") + std::to_string(status);
  if (words.find('(') != std::string::npos) {
    if (!answer.request_id.empty()) words += ", request " + answer.request_id;
    words += ")";
  }
  std::ranges::replace(words, '\n', ' ');
  return words;
}

}  // namespace

ErrorAnswer error_answer(const HttpResponse& response) {
  ErrorAnswer answer = parse_error(response.body).value_or(ErrorAnswer{});
  const auto take = [&](std::string& into, std::string_view header) {
    if (const auto value = response.header(header); into.empty() && value) into = *value;
  };
  take(answer.region, "x-amz-bucket-region");
  take(answer.request_id, "x-amz-request-id");
  return answer;
}

Error failure_of(const HttpResponse& response, const Attempt& attempt, const S3Options& options) {
  Error error = failure_of(error_answer(response), response.status, attempt, options);
  if (const auto after = response.header("retry-after")) {
    const bool seconds = !after->empty() && std::ranges::all_of(*after, [](char c) { return c >= '0' && c <= '9'; });
    if (seconds) return std::move(error).with("retry_after_s", std::string(*after));
  }
  return error;
}

Error failure_of(const ErrorAnswer& answer, int status, const Attempt& attempt, const S3Options& options) {
  const Kind kind = kind_of(answer, status);
  Error error = Error(code_of(kind),
                      "cannot " + attempt.what + " in s3://" + options.bucket + ": " + reason_of(kind, answer, options))
                    .why(words_of(answer, status))
                    .hint(hint_of(kind, answer, options))
                    .retryable(is_retryable(kind) || status == kTemporaryRedirect)
                    .had_no_effect(kind != Kind::unclear)
                    .native_code(status)
                    .with("bucket", options.bucket);
  const auto add = [&](const char* name, const std::string& value) {
    error = Error(std::move(error).with(name, value));
  };
  if (!attempt.key.empty()) add("object", attempt.key);
  if (!answer.code.empty()) add("s3_code", answer.code);
  if (kind == Kind::slow_down || status == 503) add("slow_down", "1");
  return error;
}

}  // namespace dbsnap::s3
