// Credentials of a container (ECS, EKS Pod Identity): an address that the platform puts into the environment.
#include <algorithm>
#include <array>

#include "dbsnap/error.hpp"
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/metadata.hpp"
#include "sinks/s3/small_file.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kRelativeHost = "http://169.254.170.2";
/// Where keys may be fetched without encryption: this machine, and the platforms' own addresses.
constexpr std::array<std::string_view, 6> kPlainHosts = {"127.0.0.1",     "localhost",      "[::1]",
                                                         "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

std::string host_of(const std::string& url) {
  const auto start = url.find("://") + 3;
  std::string host = url.substr(start, url.find('/', start) - start);
  const auto colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) host.resize(colon);
  return host;
}

void require_safe(const std::string& url) {
  if (url.starts_with("https://")) return;
  if (url.starts_with("http://") && std::ranges::find(kPlainHosts, host_of(url)) != kPlainHosts.end()) return;
  throw Error(ErrorCode::access_refused, "AWS_CONTAINER_CREDENTIALS_FULL_URI names an address that may not be asked")
      .why("plain http is for loopback and the addresses of the platform only")
      .had_no_effect();
}

std::optional<S3Credentials> ask(const Environment& environment, const Context& context) {
  const auto relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return std::nullopt;
  HttpRequest request;
  request.url = relative ? std::string(kRelativeHost) + *relative : *full;
  require_safe(request.url);
  if (const auto file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    request.headers.push_back({"authorization", read_small_file(*file)});
  } else if (const auto token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.headers.push_back({"authorization", *token});
  }
  HttpClient http(metadata_options());
  const HttpResponse response = http.send(request, context);
  if (response.status == 200) return parse_metadata_credentials(response.body, "the container's credential service");
  throw Error(ErrorCode::access_refused, "the container's credential service gave no credentials")
      .why("HTTP " + std::to_string(response.status))
      .retryable(response.status >= 500)
      .had_no_effect()
      .native_code(response.status);
}

}  // namespace

CredentialSource container_source(const Environment& environment) {
  return {"the container (AWS_CONTAINER_CREDENTIALS_…)",
          [environment](const Context& context) { return ask(environment, context); }};
}

}  // namespace dbsnap::s3
