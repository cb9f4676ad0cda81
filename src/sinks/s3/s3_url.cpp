#include "sinks/s3/s3_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>

#include "base/nearest.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/size.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::uint64_t kSmallestPart = 5 * kMebibyte;
constexpr std::uint64_t kLargestPart = 1024 * kMebibyte;
constexpr unsigned kMostParallel = 64;
constexpr unsigned kLongestTimeout = 3600;
constexpr unsigned kLongestLock = 36500;

constexpr std::array<std::string_view, 20> kNames = {
    "access_key_id",     "addressing",       "allow_http", "ca_bundle", "checksums",     "endpoint", "list_version",
    "object_lock",       "object_lock_days", "parallel",   "part_size", "payload",       "profile",  "region",
    "secret_access_key", "session_token",    "sse",        "sse_key",   "storage_class", "timeout"};

Error bad_parameter(std::string_view name, std::string_view what) {
  return Error(ErrorCode::invalid_argument,
               "invalid s3 URL: the parameter " + std::string(name) + " " + std::string(what))
      .with("parameter", std::string(name));
}

/// Parameters of a URL, each read by its name.
class Parameters {
 public:
  explicit Parameters(const Url& url) : url_(url) {
    for (const auto& [name, value] : url.query) {
      if (std::ranges::find(kNames, name) != kNames.end()) continue;
      throw bad_parameter(name, "is not known; did you mean " + std::string(nearest_word(name, kNames)) + "?");
    }
  }

  void read(const char* name, std::string& into) const {
    if (const std::string* value = find(name)) into = *value;
  }

  void read(const char* name, bool& into) const {
    const std::string* value = find(name);
    if (value == nullptr) return;
    const std::string_view text = *value;
    if (text != "1" && text != "0" && text != "true" && text != "false") throw bad_parameter(name, "is 1 or 0");
    into = text == "1" || text == "true";
  }

  template <typename Number>
  void read(const char* name, Number& into, std::uint64_t least, std::uint64_t most) const {
    const std::string* value = find(name);
    if (value == nullptr) return;
    const auto number = number_of(*value);
    if (!number || *number < least || *number > most) {
      throw bad_parameter(name, "is a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    into = static_cast<Number>(*number);
  }

  template <typename Choice, std::size_t N>
  void choose(const char* name, Choice& into, const std::array<std::pair<std::string_view, Choice>, N>& choices) const {
    const std::string* value = find(name);
    if (value == nullptr) return;
    std::string known;
    for (const auto& [word, choice] : choices) {
      if (word == *value) {
        into = choice;
        return;
      }
      known += (known.empty() ? "" : " or ") + std::string(word);
    }
    throw bad_parameter(name, "is " + known);
  }

 private:
  [[nodiscard]] const std::string* find(const char* name) const {
    const auto found = url_.query.find(name);
    return found == url_.query.end() ? nullptr : &found->second;
  }

  static std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || status != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  }

  const Url& url_;
};

void read_choices(const Parameters& parameters, S3Options& options) {
  using Addressing = std::pair<std::string_view, S3Addressing>;
  using Payload = std::pair<std::string_view, S3Payload>;
  using Lock = std::pair<std::string_view, S3ObjectLock>;
  using Checksums = std::pair<std::string_view, S3Checksums>;
  parameters.choose(
      "addressing", options.addressing,
      std::array{Addressing{"path", S3Addressing::path}, Addressing{"virtual", S3Addressing::virtual_host}});
  parameters.choose("payload", options.payload,
                    std::array{Payload{"sha256", S3Payload::sha256}, Payload{"unsigned", S3Payload::unsigned_body}});
  parameters.choose("checksums", options.checksums,
                    std::array{Checksums{"on", S3Checksums::on}, Checksums{"off", S3Checksums::off}});
  parameters.choose(
      "object_lock", options.object_lock,
      std::array{Lock{"governance", S3ObjectLock::governance}, Lock{"compliance", S3ObjectLock::compliance}});
}

/// The first of several variables that is set.
std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = environment.get(name)) return std::move(*value);
  }
  return {};
}

void fill_from_environment(S3Options& options, const Environment& environment) {
  const auto fill = [&](std::string& into, std::initializer_list<const char*> names) {
    if (into.empty()) into = first_of(environment, names);
  };
  fill(options.endpoint, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "S3_ENDPOINT_URL", "AWS_ENDPOINT"});
  fill(options.region, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  fill(options.ca_bundle, {"AWS_CA_BUNDLE"});
  const bool plain = options.endpoint.starts_with("http://");
  fill(options.proxy, plain
                          ? std::initializer_list<const char*>{"http_proxy", "all_proxy", "ALL_PROXY"}
                          : std::initializer_list<const char*>{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  fill(options.no_proxy, {"no_proxy", "NO_PROXY"});
}

bool is_bucket_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Error bad_options(const std::string& what) { return {ErrorCode::invalid_argument, "invalid s3 store: " + what}; }

}  // namespace

NamedStore read_s3_url(const Url& url, const Environment& environment) {
  if (url.port) throw bad_options("a bucket has no port; the host goes into ?endpoint=https://host:port");
  const Parameters parameters(url);
  NamedStore store;
  S3Options& options = store.options;
  options.bucket = url.host;
  options.prefix = url.path;
  options.keys.access_key_id = url.user;
  options.keys.secret_access_key = url.password;
  parameters.read("access_key_id", options.keys.access_key_id);
  parameters.read("secret_access_key", options.keys.secret_access_key);
  parameters.read("session_token", options.keys.session_token);
  parameters.read("endpoint", options.endpoint);
  parameters.read("region", options.region);
  parameters.read("ca_bundle", options.ca_bundle);
  parameters.read("storage_class", options.storage_class);
  parameters.read("sse", options.sse);
  parameters.read("sse_key", options.sse_key);
  parameters.read("profile", store.profile);
  parameters.read("allow_http", options.allow_http);
  parameters.read("list_version", options.list_version, 1, 2);
  parameters.read("object_lock_days", options.object_lock_days, 1, kLongestLock);
  parameters.read("parallel", options.parallel, 1, kMostParallel);
  parameters.read("timeout", options.timeout_s, 1, kLongestTimeout);
  std::string part_size;
  parameters.read("part_size", part_size);
  if (!part_size.empty()) options.part_size = parse_size(part_size, "the parameter part_size");
  read_choices(parameters, options);
  fill_from_environment(options, environment);
  while (options.prefix.starts_with('/')) options.prefix.erase(0, 1);
  while (options.prefix.ends_with('/')) options.prefix.pop_back();
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (!options.endpoint.empty() && options.endpoint.find("://") == std::string::npos) {
    options.endpoint.insert(0, "https://");
  }
  return store;
}

void check_s3_options(const S3Options& options) {
  if (options.bucket.empty()) throw bad_options("it names no bucket; write s3://bucket/prefix");
  if (!std::ranges::all_of(options.bucket, is_bucket_character)) {
    throw bad_options("a bucket's name holds letters, digits, '-', '.' and '_' only");
  }
  const bool plain = options.endpoint.starts_with("http://");
  if (!options.endpoint.empty() && !plain && !options.endpoint.starts_with("https://")) {
    throw bad_options("an endpoint begins with https://");
  }
  if (plain && !options.allow_http) {
    throw Error(ErrorCode::invalid_argument,
                "the endpoint " + options.endpoint + " is not encrypted, and allow_http=1 is not set")
        .why("everybody on the way can read and change what is sent");
  }
  if (plain && options.payload == S3Payload::unsigned_body)
    throw bad_options("payload=unsigned needs an https endpoint");
  if (!options.sse.empty() && options.sse != "AES256" && options.sse != "aws:kms") {
    throw bad_options("sse is AES256 or aws:kms");
  }
  if (!options.sse_key.empty() && options.sse != "aws:kms") throw bad_options("sse_key goes with sse=aws:kms");
  if ((options.object_lock == S3ObjectLock::none) != (options.object_lock_days == 0)) {
    throw bad_options("object_lock and object_lock_days go together");
  }
  if (options.part_size < kSmallestPart || options.part_size > kLargestPart) {
    throw bad_options("a part has 5 MiB to 1 GiB");
  }
  if (options.parallel == 0 || options.timeout_s == 0 || options.list_version > 2) {
    throw bad_options("parallel, timeout or list_version is out of bounds");
  }
  if (options.keys.access_key_id.empty() != options.keys.secret_access_key.empty()) {
    throw bad_options("an access key id and a secret access key go together");
  }
}

std::string shown_url(const S3Options& options) {
  Url url;
  url.scheme = "s3";
  url.host = options.bucket;
  if (!options.prefix.empty()) url.path = "/" + options.prefix;
  if (!options.endpoint.empty()) url.query["endpoint"] = options.endpoint;
  if (!options.region.empty()) url.query["region"] = options.region;
  if (options.allow_http) url.query["allow_http"] = "1";
  return url.redacted();
}

}  // namespace dbsnap::s3
