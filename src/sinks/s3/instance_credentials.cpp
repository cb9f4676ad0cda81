// Credentials of a virtual machine: its metadata service, version 2 of the protocol.
#include "dbsnap/error.hpp"
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/metadata.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kUsualService = "http://169.254.169.254";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

std::string text_of(const Bytes& body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

std::optional<S3Credentials> ask(const Environment& environment, const Context& context) {
  if (environment.get("AWS_EC2_METADATA_DISABLED").value_or("") == "true") return std::nullopt;
  std::string service = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(std::string(kUsualService));
  while (service.ends_with('/')) service.pop_back();
  HttpClient http(metadata_options());
  HttpResponse answer;
  try {
    answer = http.send({.method = "PUT",
                        .url = service + "/latest/api/token",
                        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
                       context);
  } catch (const Error& failure) {
    // No such machine: nobody answers at that address.
    if (failure.code() == ErrorCode::storage_unreachable) return std::nullopt;
    throw;
  }
  if (answer.status != 200) return std::nullopt;
  const std::vector<HttpHeader> headers{{"x-aws-ec2-metadata-token", text_of(answer.body)}};
  answer = http.send({.url = service + std::string(kRolePath), .headers = headers}, context);
  if (answer.status == 404) return std::nullopt;  // a machine without a role
  std::string role = text_of(answer.body);
  role = role.substr(0, role.find('\n'));
  if (answer.status == 200 && !role.empty()) {
    answer = http.send({.url = service + std::string(kRolePath) + role, .headers = headers}, context);
    if (answer.status == 200) return parse_metadata_credentials(answer.body, "the machine's metadata service");
  }
  throw Error(ErrorCode::access_refused, "the machine's metadata service gave no credentials")
      .why("HTTP " + std::to_string(answer.status))
      .retryable(answer.status >= 500)
      .had_no_effect()
      .native_code(answer.status);
}

}  // namespace

CredentialSource machine_source(const Environment& environment) {
  return {"the machine's metadata service",
          [environment](const Context& context) { return ask(environment, context); }};
}

}  // namespace dbsnap::s3
