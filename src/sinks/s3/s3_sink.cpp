#include "sinks/s3/s3_sink.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/object_key.hpp"
#include "base/registry.hpp"
#include "dbsnap/error.hpp"
#include "sinks/s3/address.hpp"
#include "sinks/s3/client.hpp"
#include "sinks/s3/examine.hpp"
#include "sinks/s3/listing.hpp"
#include "sinks/s3/removal.hpp"
#include "sinks/s3/s3_url.hpp"
#include "sinks/s3/upload.hpp"

namespace dbsnap {
namespace s3 {
namespace {

constexpr std::uint64_t kLargestObject = 64ULL << 20U;
/// Beyond what any object can have; some stores cannot read larger numbers in a range.
constexpr std::uint64_t kLargestOffset = 1ULL << 48U;

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Reads "bytes 0-9/443" and "bytes */443", of which only the total counts.
std::optional<ContentRange> content_range(const HttpResponse& response) {
  std::string_view text = response.header("content-range").value_or("");
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto total = number_of(text.substr(slash + 1));
  const std::string_view span = text.substr(0, slash);
  if (total && span == "*") return ContentRange{0, 0, *total};
  const auto dash = span.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = number_of(span.substr(0, dash));
  const auto last = number_of(span.substr(dash + 1));
  if (!total || !first || !last || *first > *last) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

std::string range_text(const ByteRange& range) {
  std::string text = "bytes=" + std::to_string(range.offset) + "-";
  if (range.length < kLargestOffset) text += std::to_string(range.offset + range.length - 1);
  return text;
}

bool is_whole(const ByteRange& range) { return range.offset == 0 && range.length >= kLargestOffset; }

/// The SHA-256 of the whole object, as the store keeps it. One of an upload in parts is a hash of hashes ("…-3").
std::optional<Hash> kept_checksum(const HttpResponse& response) {
  const auto bytes = from_base64(response.header("x-amz-checksum-sha256").value_or(""));
  if (!bytes || bytes->size() != Hash{}.size()) return std::nullopt;
  Hash hash{};
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

class S3Sink final : public Sink {
 public:
  S3Sink(const S3Options& options, std::shared_ptr<CredentialChain> credentials)
      : client_(options, std::move(credentials)), listing_(client_), removal_(client_) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    require_object_key(key);
    context.check();
    return put_object(client_, {std::string(key), name_of(key), bytes}, options, context);
  }

  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override;
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override;
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override;

  void remove(std::string_view key, const Context& context) override {
    require_object_key(key);
    context.check();
    removal_.one(name_of(key), context);
  }

  void remove_all(std::span<const std::string> keys, const Context& context) override {
    std::vector<std::string> names;
    for (const std::string& key : keys) {
      require_object_key(key);
      names.push_back(name_of(key));
    }
    context.check();
    removal_.all(names, context);
  }

  [[nodiscard]] SinkCapabilities capabilities() const override { return {.parallel = client_.options().parallel}; }
  std::vector<Finding> examine(const Context& context) override { return examine_bucket(client_, context); }
  [[nodiscard]] std::string url() const override { return shown_url(client_.options()); }

 private:
  [[nodiscard]] std::string name_of(std::string_view key) const {
    const std::string& prefix = client_.options().prefix;
    return prefix.empty() ? std::string(key) : prefix + "/" + std::string(key);
  }

  HttpResponse request_range(std::string_view key, const ByteRange& range, const Context& context);
  std::optional<std::uint64_t> size_by_reading(std::string_view key, const Context& context);
  [[nodiscard]] Error failure(const HttpResponse& response, const std::string& verb, std::string_view key) const {
    return client_.failure(response, {verb + " " + std::string(key), std::string(key)});
  }

  Client client_;
  Listing listing_;
  Removal removal_;
};

HttpResponse S3Sink::request_range(std::string_view key, const ByteRange& range, const Context& context) {
  Request request{.method = "GET", .key = name_of(key), .max_answer = kLargestObject};
  if (!is_whole(range)) request.headers.push_back({"range", range_text(range)});
  HttpResponse response = client_.send(request, context);
  // Without either nobody can tell a whole answer from one that was cut off.
  const bool measured = response.header("content-length") || response.header("transfer-encoding");
  if (response.status < 300 && !measured) {
    throw Error(ErrorCode::storage_unreachable, "the store's answer for " + std::string(key) + " has no length")
        .retryable()
        .had_no_effect();
  }
  return response;
}

Bytes S3Sink::get(std::string_view key, const ByteRange& range, const Context& context) {
  require_object_key(key);
  context.check();
  if (range.length == 0 || range.offset >= kLargestOffset) {
    if (stat(key, context)) return {};
    throw Error(ErrorCode::not_found, "no object " + std::string(key) + " in " + url())
        .with("object", std::string(key));
  }
  HttpResponse response = request_range(key, range, context);
  if (response.status == 416) return {};
  if (response.status == 200) {
    // The whole object, asked for or not.
    Bytes& body = response.body;
    const auto begin = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(range.offset, body.size()));
    body.erase(body.begin(), body.begin() + begin);
    if (range.length < body.size()) body.resize(range.length);
    return std::move(body);
  }
  if (response.status != 206) throw failure(response, "get", key);
  const auto sent = content_range(response);
  const bool fits = sent && sent->first == range.offset && sent->last < sent->total &&
                    sent->last - sent->first + 1 == response.body.size() &&
                    response.body.size() == std::min(range.length, sent->total - range.offset);
  if (!fits) {
    throw Error(ErrorCode::storage_unreachable,
                "the store sent another range of " + std::string(key) + " than it was asked for")
        .why(std::string(response.header("content-range").value_or("no Content-Range")))
        .retryable()
        .had_no_effect()
        .with("object", std::string(key));
  }
  return std::move(response.body);
}

std::optional<ObjectInfo> S3Sink::stat(std::string_view key, const Context& context) {
  require_object_key(key);
  context.check();
  Request request{.method = "HEAD", .key = name_of(key)};
  if (keeps_checksums(client_.options())) request.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  const HttpResponse response = client_.send(request, context);
  std::optional<std::uint64_t> size;
  if (response.status == 200) {
    size = number_of(response.header("content-length").value_or(""));
    if (!size) throw failure(response, "look at", key);
  } else if (response.status != 404 || !client_.knows_bucket()) {
    // An answer to HEAD has no body and does not say what is wrong.
    size = size_by_reading(key, context);
  }
  if (!size) return std::nullopt;
  return ObjectInfo{std::string(key), *size, kept_checksum(response)};
}

/// Size of an object by the answer to a request for its first byte.
std::optional<std::uint64_t> S3Sink::size_by_reading(std::string_view key, const Context& context) {
  const HttpResponse response = request_range(key, {0, 1}, context);
  if (response.status == 200) return response.body.size();
  if (response.status == 206 || response.status == 416) {
    if (const auto range = content_range(response)) return range->total;
    if (response.status == 416) return 0;
  }
  const ErrorAnswer answer = error_answer(response);
  if (response.status == 404 && answer.code == "NoSuchKey") return std::nullopt;
  throw failure(response, "look at", key);
}

void S3Sink::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                  const Context& context) {
  context.check();
  const std::size_t skipped = client_.options().prefix.empty() ? 0 : client_.options().prefix.size() + 1;
  const auto visit = [&](const ListedObject& object) {
    std::string key = object.key.substr(skipped);
    // Names that no key has: what others put there.
    return !is_object_key(key) || visitor({std::move(key), object.size});
  };
  listing_.run(name_of(prefix), visit, context);
}

}  // namespace

std::shared_ptr<Sink> make_sink(const S3Options& options, std::vector<CredentialSource> sources) {
  return std::make_shared<S3Sink>(options, std::make_shared<CredentialChain>(std::move(sources)));
}

}  // namespace s3

std::shared_ptr<Sink> make_s3_sink(const S3Options& options) {
  s3::check_s3_options(options);
  std::vector<s3::CredentialSource> sources;
  if (!options.keys.access_key_id.empty()) {
    sources.push_back({"the options", [keys = options.keys](const Context&) { return keys; }});
  } else if (options.credentials) {
    sources.push_back({"the caller", [ask = options.credentials](const Context& context) { return ask(context); }});
  } else {
    throw Error(ErrorCode::invalid_argument, "invalid s3 store: neither keys nor a function that gives them");
  }
  return s3::make_sink(options, std::move(sources));
}

void register_sink_s3(Registry& registry) {
  const auto open = [](const Url& url, const Environment& environment) {
    s3::NamedStore store = s3::read_s3_url(url, environment);
    S3Options& options = store.options;
    const s3::ProfileSettings profile = s3::profile_settings(store.profile, environment);
    if (options.region.empty()) options.region = profile.region;
    if (options.endpoint.empty()) options.endpoint = profile.endpoint;
    s3::check_s3_options(options);
    if (!options.keys.access_key_id.empty()) return make_s3_sink(options);
    auto sources = s3::usual_sources(options, store.profile, environment);
    return s3::make_sink(options, std::move(sources));
  };
  registry.add_sink({"s3", {"s3"}, open, true});
}

}  // namespace dbsnap
