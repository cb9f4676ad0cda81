#include "sinks/s3/metadata.hpp"

#include <nlohmann/json.hpp>

#include "base/time_text.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::s3 {

HttpOptions metadata_options() {
  HttpOptions options;
  options.connect_timeout = std::chrono::milliseconds(1000);
  options.stall_timeout = std::chrono::seconds(2);
  return options;
}

S3Credentials parse_metadata_credentials(ByteView body, const std::string& service) {
  const auto* text = reinterpret_cast<const char*>(body.data());
  const auto document = nlohmann::json::parse(text, text + body.size(), nullptr, false);
  const auto member = [&](const char* name) -> std::string {
    if (!document.is_object() || !document.contains(name) || !document[name].is_string()) return {};
    return document[name].get<std::string>();
  };
  S3Credentials credentials{member("AccessKeyId"), member("SecretAccessKey"), member("Token"),
                            time_from_text(member("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw Error(ErrorCode::access_refused, service + " gave no credentials").why(member("Message")).had_no_effect();
  }
  return credentials;
}

}  // namespace dbsnap::s3
