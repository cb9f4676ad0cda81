#include "sinks/s3/token_service.hpp"

#include <span>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "base/http/http_client.hpp"
#include "base/percent.hpp"
#include "dbsnap/error.hpp"
#include "sinks/s3/answers.hpp"
#include "sinks/s3/signature.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::string form_of(std::string_view action, const RoleRequest& role) {
  const std::string session = role.session_name.empty() ? "dbsnap" : role.session_name;
  std::string form = "Action=" + std::string(action) + "&Version=2011-06-15&RoleArn=" + percent_encode(role.role_arn) +
                     "&RoleSessionName=" + percent_encode(session);
  if (!role.external_id.empty()) form += "&ExternalId=" + percent_encode(role.external_id);
  return form;
}

}  // namespace

TokenService::TokenService(const S3Options& options, const Environment& environment)
    : options_(options), region_(options.region.empty() ? "us-east-1" : options.region) {
  const std::string domain = region_.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  url_ = environment.get("AWS_ENDPOINT_URL_STS").value_or("https://sts." + region_ + domain);
  while (url_.ends_with('/')) url_.pop_back();
}

S3Credentials TokenService::assume_with_token(const RoleRequest& role, const std::string& token,
                                              const Context& context) const {
  const std::string form = form_of("AssumeRoleWithWebIdentity", role) + "&WebIdentityToken=" + percent_encode(token);
  return ask(form, nullptr, role.role_arn, context);
}

S3Credentials TokenService::assume_with_keys(const RoleRequest& role, const S3Credentials& keys,
                                             const Context& context) const {
  return ask(form_of("AssumeRole", role), &keys, role.role_arn, context);
}

S3Credentials TokenService::ask(const std::string& form, const S3Credentials* keys, const std::string& role,
                                const Context& context) const {
  HttpClient http({.ca_bundle = options_.ca_bundle,
                   .http_proxy = options_.proxy,
                   .https_proxy = options_.proxy,
                   .no_proxy = options_.no_proxy});
  HttpRequest request{.method = "POST", .url = url_ + "/"};
  request.body = std::as_bytes(std::span(form));
  request.headers = {{"content-type", std::string(kForm)}};
  if (keys != nullptr) {
    SignedRequest to_sign{.method = "POST",
                          .host = url_.substr(url_.find("://") + 3),
                          .path = "/",
                          .query = {},
                          .headers = request.headers,
                          .payload_hash = to_hex(sha256(request.body)),
                          .region = region_,
                          .service = "sts"};
    request.headers = Signer().sign(std::move(to_sign), *keys, context.clock->now());
  }
  const HttpResponse response = http.send(request, context);
  if (response.status == 200) return parse_role_credentials(response.body);
  const ErrorAnswer answer = parse_error(response.body).value_or(ErrorAnswer{});
  const bool busy = response.status >= 500 || response.status == 429;
  throw Error(busy ? ErrorCode::storage_unreachable : ErrorCode::access_refused,
              "the token service at " + url_ + " gives no credentials for the role " + role)
      .why(answer.code + (answer.message.empty() ? "" : ": " + answer.message) + " (HTTP " +
           std::to_string(response.status) + ")")
      .hint("aws sts get-caller-identity")
      .retryable(busy)
      .had_no_effect()
      .native_code(response.status);
}

}  // namespace dbsnap::s3
