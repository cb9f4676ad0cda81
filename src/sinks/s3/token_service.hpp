// The token service (STS): temporary credentials for a role.
#pragma once

#include <string>

#include "base/environment.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// A role to take on.
struct RoleRequest {
  std::string role_arn;
  std::string session_name;  ///< empty: "dbsnap"
  std::string external_id;   ///< empty for none
};

class TokenService {
 public:
  /// The service of the region that `options` name, or what AWS_ENDPOINT_URL_STS says.
  TokenService(const S3Options& options, const Environment& environment);

  /// Takes the role on by a token that another service has signed.
  S3Credentials assume_with_token(const RoleRequest& role, const std::string& token, const Context& context) const;
  /// Takes the role on by credentials of an account.
  S3Credentials assume_with_keys(const RoleRequest& role, const S3Credentials& keys, const Context& context) const;

 private:
  S3Credentials ask(const std::string& form, const S3Credentials* keys, const std::string& role,
                    const Context& context) const;

  S3Options options_;
  std::string region_;
  std::string url_;
};

}  // namespace dbsnap::s3
