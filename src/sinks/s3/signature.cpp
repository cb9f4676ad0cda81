#include "sinks/s3/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <span>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "base/percent.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kScopeEnd = "aws4_request";
constexpr std::size_t kDayLength = 8;

ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Without space around it, and with one where there were several.
std::string squeezed(std::string_view value) {
  std::string result;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (space && (result.empty() || result.back() == ' ')) continue;
    result.push_back(space ? ' ' : c);
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

}  // namespace

std::string signing_time(TimePoint time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string canonical_query(const Query& query) {
  // Encoded first and sorted then: the order of the encoded texts is what the other side computes.
  Query encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += name;
    text += '=';
    text += value;
  }
  return text;
}

std::string canonical_request(const SignedRequest& request, std::string& signed_names) {
  std::map<std::string, std::string> headers;
  const auto add = [&](std::string_view name, std::string_view value) {
    auto [place, is_new] = headers.try_emplace(lower_case(name), squeezed(value));
    if (!is_new) place->second += "," + squeezed(value);
  };
  add("host", request.host);
  for (const HttpHeader& header : request.headers) add(header.name, header.value);
  std::string text = request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n";
  signed_names.clear();
  for (const auto& [name, value] : headers) {
    text += name;
    text += ':';
    text += value;
    text += '\n';
    if (!signed_names.empty()) signed_names += ';';
    signed_names += name;
  }
  text += "\n" + signed_names + "\n" + request.payload_hash;
  return text;
}

SecretKey Signer::day_key(const S3Credentials& credentials, std::string_view day, const SignedRequest& request) {
  const std::string wanted_for =
      std::string(day) + "/" + request.region + "/" + request.service + "/" + credentials.access_key_id;
  const std::scoped_lock lock(mutex_);
  if (cached_for_ == wanted_for && cached_secret_.view() == credentials.secret_access_key) return cached_;
  SecretText seed("AWS4");
  seed.append(credentials.secret_access_key);
  SecretKey key(hmac_sha256(bytes_of(seed.view()), bytes_of(day)));
  for (const std::string_view step : {std::string_view(request.region), std::string_view(request.service), kScopeEnd}) {
    key = SecretKey(hmac_sha256(key.view(), bytes_of(step)));
  }
  cached_for_ = wanted_for;
  cached_secret_ = SecretText(credentials.secret_access_key);
  cached_ = key;
  return key;
}

std::vector<HttpHeader> Signer::sign(SignedRequest request, const S3Credentials& credentials, TimePoint now) {
  const std::string time = signing_time(now);
  const std::string_view day = std::string_view(time).substr(0, kDayLength);
  request.headers.push_back({"x-amz-date", time});
  if (request.service == "s3") request.headers.push_back({"x-amz-content-sha256", request.payload_hash});
  if (!credentials.session_token.empty()) {
    request.headers.push_back({"x-amz-security-token", credentials.session_token});
  }
  std::string signed_names;
  const std::string canonical = canonical_request(request, signed_names);
  const std::string scope = fmt::format("{}/{}/{}/{}", day, request.region, request.service, kScopeEnd);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, to_hex(sha256(bytes_of(canonical))));
  const SecretKey key = day_key(credentials, day, request);
  const std::string signature = to_hex(hmac_sha256(key.view(), bytes_of(to_sign)));
  request.headers.push_back(
      {"authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                    credentials.access_key_id, scope, signed_names, signature)});
  return std::move(request.headers);
}

}  // namespace dbsnap::s3
