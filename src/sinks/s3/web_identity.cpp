// Credentials of a workload: a file with a token that the platform keeps fresh, exchanged for those of a role.
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/small_file.hpp"
#include "sinks/s3/token_service.hpp"

namespace dbsnap::s3 {

CredentialSource web_identity_source(const Environment& environment, const S3Options& options) {
  return {"web identity (AWS_WEB_IDENTITY_TOKEN_FILE)",
          [environment, options](const Context& context) -> std::optional<S3Credentials> {
            const auto file = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE");
            const auto role = environment.get("AWS_ROLE_ARN");
            if (!file || !role) return std::nullopt;
            const RoleRequest request{*role, environment.get("AWS_ROLE_SESSION_NAME").value_or(""), ""};
            // Read again each time: the platform replaces it more often than the role's credentials end.
            return TokenService(options, environment).assume_with_token(request, read_small_file(*file), context);
          }};
}

}  // namespace dbsnap::s3
