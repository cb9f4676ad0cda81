// Credentials and settings of a profile in ~/.aws/credentials and ~/.aws/config.
#include <memory>
#include <utility>

#include "dbsnap/error.hpp"
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/profile_file.hpp"
#include "sinks/s3/small_file.hpp"
#include "sinks/s3/token_service.hpp"

namespace dbsnap::s3 {
namespace {

constexpr unsigned kLongestChain = 5;

/// What both files say about profiles; the file of credentials wins.
class Profiles {
 public:
  explicit Profiles(const Environment& environment) {
    add(environment, "AWS_CONFIG_FILE", "/.aws/config");
    add(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  }

  [[nodiscard]] const ProfileSection* find(const std::string& name) const {
    const auto found = sections_.find(name);
    return found == sections_.end() ? nullptr : &found->second;
  }

 private:
  void add(const Environment& environment, const char* variable, const char* usual) {
    std::string path = environment.get(variable).value_or("");
    if (path.empty()) {
      const auto home = environment.get("HOME");
      if (!home) return;
      path = *home + usual;
    }
    try {
      for (auto& [name, section] : parse_profile_file(read_small_file(path))) {
        for (auto& [key, value] : section) sections_[name][key] = value;
      }
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::not_found) throw;
    }
  }

  ProfileFile sections_;
};

std::string value_of(const ProfileSection& section, std::string_view name) {
  const auto found = section.find(name);
  return found == section.end() ? "" : found->second;
}

std::string chosen(const std::string& profile, const Environment& environment) {
  if (!profile.empty()) return profile;
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (auto name = environment.get(variable)) return std::move(*name);
  }
  return "default";
}

Error unusable(const std::string& profile, const std::string& what) {
  return Error(ErrorCode::access_refused, "the profile " + profile + " " + what)
      .hint("aws configure list --profile " + profile)
      .had_no_effect();
}

/// Follows a profile to credentials: its own keys, or a role taken on by those of another profile.
class ProfileCredentials {
 public:
  ProfileCredentials(const Environment& environment, const S3Options& options)
      : environment_(environment), options_(options), profiles_(environment) {}

  std::optional<S3Credentials> find(const std::string& name, bool required, const Context& context,
                                    unsigned depth = 0) const {
    const ProfileSection* section = profiles_.find(name);
    if (section == nullptr) {
      if (required) throw unusable(name, "is in neither of the files of profiles");
      return std::nullopt;
    }
    if (depth > kLongestChain) throw unusable(name, "leads through too many others");
    const std::string role = value_of(*section, "role_arn");
    const std::string source = value_of(*section, "source_profile");
    // A profile that names itself means its own keys.
    if (!role.empty() && !(source == name && depth > 0)) return assume(name, *section, context, depth);
    S3Credentials keys{value_of(*section, "aws_access_key_id"), value_of(*section, "aws_secret_access_key"),
                       value_of(*section, "aws_session_token"), std::nullopt};
    if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) return keys;
    for (const char* other : {"credential_process", "sso_session", "sso_start_url", "credential_source"}) {
      if (section->contains(other)) throw unusable(name, "uses " + std::string(other) + ", which dbsnap cannot");
    }
    if (required) throw unusable(name, "holds no keys");
    return std::nullopt;
  }

 private:
  S3Credentials assume(const std::string& name, const ProfileSection& section, const Context& context,
                       unsigned depth) const {
    const RoleRequest role{value_of(section, "role_arn"), value_of(section, "role_session_name"),
                           value_of(section, "external_id")};
    S3Options options = options_;
    if (options.region.empty()) options.region = value_of(section, "region");
    const TokenService service(options, environment_);
    if (const std::string token = value_of(section, "web_identity_token_file"); !token.empty()) {
      return service.assume_with_token(role, read_small_file(token), context);
    }
    const std::string source = value_of(section, "source_profile");
    if (source.empty()) throw unusable(name, "names a role and no source_profile");
    return service.assume_with_keys(role, find(source, true, context, depth + 1).value(), context);
  }

  const Environment& environment_;
  const S3Options& options_;
  Profiles profiles_;
};

}  // namespace

ProfileSettings profile_settings(const std::string& profile, const Environment& environment) {
  const Profiles profiles(environment);
  const ProfileSection* section = profiles.find(chosen(profile, environment));
  if (section == nullptr) return {};
  return {value_of(*section, "region"), value_of(*section, "endpoint_url")};
}

CredentialSource profile_source(const std::string& profile, const Environment& environment, const S3Options& options) {
  const std::string name = chosen(profile, environment);
  return {"the profile " + name, [name, required = !profile.empty(), environment, options](const Context& context) {
            return ProfileCredentials(environment, options).find(name, required, context);
          }};
}

}  // namespace dbsnap::s3
