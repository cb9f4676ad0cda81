#include "sinks/s3/upload.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/time_text.hpp"
#include "dbsnap/error.hpp"
#include "sinks/s3/address.hpp"
#include "sinks/s3/answers.hpp"
#include "sinks/s3/checksum.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kPacks = "packs/";
/// What a restore cannot do without, and nobody ever changes.
constexpr std::string_view kLocked[] = {"dbsnap.json", "keys/", kPacks, "snapshots/"};
constexpr auto kTimeToAbort = std::chrono::seconds(15);

Attempt attempt_to_put(const Upload& upload) { return {"put " + upload.key, upload.key}; }

/// Headers that say how the store is to keep the object.
std::vector<HttpHeader> keeping_headers(const S3Options& options, const Upload& upload, const Context& context) {
  std::vector<HttpHeader> headers{{"content-type", "application/octet-stream"}};
  const bool is_pack = upload.key.starts_with(kPacks);
  if (is_pack && !options.storage_class.empty()) headers.push_back({"x-amz-storage-class", options.storage_class});
  if (!options.sse.empty()) headers.push_back({"x-amz-server-side-encryption", options.sse});
  if (!options.sse_key.empty()) {
    headers.push_back({"x-amz-server-side-encryption-aws-kms-key-id", options.sse_key});
  }
  const bool locked =
      std::ranges::any_of(kLocked, [&](std::string_view start) { return upload.key.starts_with(start); });
  if (options.object_lock != S3ObjectLock::none && locked) {
    const bool governance = options.object_lock == S3ObjectLock::governance;
    const auto until =
        std::chrono::ceil<std::chrono::seconds>(context.clock->now()) + std::chrono::days(options.object_lock_days);
    headers.push_back({"x-amz-object-lock-mode", governance ? "GOVERNANCE" : "COMPLIANCE"});
    headers.push_back({"x-amz-object-lock-retain-until-date", time_text(until)});
  }
  return headers;
}

void add_checksum(std::vector<HttpHeader>& headers, ByteView bytes) {
  if (std::string md5 = content_md5(bytes); !md5.empty()) headers.push_back({"content-md5", std::move(md5)});
}

Error refuses_condition(const Upload& upload, const S3Options& options) {
  return Error(ErrorCode::unsupported,
               "the store of s3://" + options.bucket + " does not know create-if-absent (If-None-Match)")
      .had_no_effect()
      .native_code(501)
      .with("object", upload.key);
}

PutResult put_whole(Client& client, const Upload& upload, const PutOptions& options, const Context& context) {
  Request request{.method = "PUT", .key = upload.name, .body = upload.bytes};
  request.headers = keeping_headers(client.options(), upload, context);
  add_checksum(request.headers, upload.bytes);
  if (keeps_checksums(client.options())) {
    request.body_hash = sha256(upload.bytes);
    request.headers.push_back({"x-amz-checksum-sha256", to_base64(*request.body_hash)});
  }
  if (options.if_absent) request.headers.push_back({"if-none-match", "*"});
  const HttpResponse response = client.send(request, context);
  if (options.if_absent && response.status == 412) return PutResult::already_exists;
  if (options.if_absent && response.status == 501) throw refuses_condition(upload, client.options());
  if (response.status < 200 || response.status >= 300) throw client.failure(response, attempt_to_put(upload));
  return PutResult::stored;
}

/// An upload in parts. The object appears when all are there and the store is told so; until then an abort undoes it.
class PartedUpload {
 public:
  PartedUpload(Client& client, const Upload& upload, const Context& context)
      : client_(client), upload_(upload), context_(context) {}

  void run() {
    try {
      begin();
      send_parts();
    } catch (const Error& failure) {
      abort();
      // The object does not appear without the last step, which was not asked for.
      throw Error(failure).had_no_effect();
    } catch (...) {
      abort();
      throw;
    }
    try {
      complete();
    } catch (...) {
      abort();
      throw;
    }
  }

 private:
  void begin() {
    Request request{.method = "POST", .key = upload_.name, .query = {{"uploads", ""}}};
    request.headers = keeping_headers(client_.options(), upload_, context_);
    id_ = parse_upload_id(client_.require(request, attempt_to_put(upload_), context_).body);
  }

  void send_parts() {
    const std::size_t size = client_.options().part_size;
    for (std::size_t at = 0; at < upload_.bytes.size(); at += size) {
      send_part(upload_.bytes.subspan(at, std::min(size, upload_.bytes.size() - at)));
    }
  }

  void send_part(ByteView bytes) {
    Request request{.method = "PUT", .key = upload_.name, .body = bytes};
    request.query = {{"partNumber", std::to_string(tags_.size() + 1)}, {"uploadId", id_}};
    add_checksum(request.headers, bytes);
    const HttpResponse response = require_success(request);
    const auto tag = response.header("etag");
    if (!tag || tag->empty()) {
      throw Error(ErrorCode::storage_unreachable, "the store did not confirm a part of " + upload_.key).retryable();
    }
    tags_.emplace_back(*tag);
  }

  void complete() {
    std::string document = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (std::size_t n = 0; n < tags_.size(); ++n) {
      document +=
          "<Part><PartNumber>" + std::to_string(n + 1) + "</PartNumber><ETag>" + escaped(tags_[n]) + "</ETag></Part>";
    }
    document += "</CompleteMultipartUpload>";
    Request request{.method = "POST", .key = upload_.name, .query = {{"uploadId", id_}}};
    request.body = std::as_bytes(std::span(document));
    request.headers = {{"content-type", "application/xml"}};
    require_completed(require_success(request).body);
  }

  /// A store may say 200 before it knows, and tell of its failure in the body.
  HttpResponse require_success(const Request& request) {
    HttpResponse response = client_.require(request, attempt_to_put(upload_), context_);
    if (const auto error = parse_error(response.body)) {
      throw client_.failure(*error, response.status, attempt_to_put(upload_));
    }
    return response;
  }

  /// Parts that were sent cost money until they are removed. Also when the caller has given up.
  void abort() noexcept {
    if (id_.empty()) return;
    try {
      Context own = context_;
      own.stop = {};
      own.deadline = own.clock->monotonic() + kTimeToAbort;
      // A store that was still taking a part keeps it: a second abort removes what the first one left.
      Request request{.method = "DELETE", .key = upload_.name, .query = {{"uploadId", id_}}};
      if (client_.send(request, own).status == 204) (void)client_.send(request, own);
    } catch (const std::exception&) {
      // The failure that is being reported is the one that matters; examine() shows what was left.
    }
  }

  static std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '&') {
        result += "&amp;";
      } else if (c == '<') {
        result += "&lt;";
      } else if (c == '>') {
        result += "&gt;";
      } else {
        result += c;
      }
    }
    return result;
  }

  Client& client_;
  const Upload& upload_;
  const Context& context_;
  std::string id_;
  std::vector<std::string> tags_;
};

}  // namespace

PutResult put_object(Client& client, const Upload& upload, const PutOptions& options, const Context& context) {
  // Not every store honours a condition on the last step of an upload in parts; all that honour one do so on a put.
  if (options.if_absent || upload.bytes.size() <= client.options().part_size) {
    return put_whole(client, upload, options, context);
  }
  PartedUpload(client, upload, context).run();
  return PutResult::stored;
}

}  // namespace dbsnap::s3
