// Where the keys to sign with come from, tried one after the other, and when they are asked for again.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// One place to look in.
struct CredentialSource {
  std::string name;  ///< for people: "the environment", "profile backup"
  /// Nothing when this place has none; an Error when it has some and they cannot be had.
  std::function<std::optional<S3Credentials>(const Context&)> find;
};

/// Holds what the first place that has credentials gave. Safe from many threads.
class CredentialChain {
 public:
  explicit CredentialChain(std::vector<CredentialSource> sources) : sources_(std::move(sources)) {}

  /// Asks again five minutes before they expire; when that fails, those that are still valid go on being used. Throws
  /// Error{access_refused} when no place has any, naming the places.
  S3Credentials get(const Context& context);
  /// Asks again because the store has refused `refused`. False when that brought nothing else.
  bool renew(const S3Credentials& refused, const Context& context);

 private:
  void fetch(const Context& context);

  std::mutex mutex_;
  std::vector<CredentialSource> sources_;
  std::optional<S3Credentials> current_;
};

/// Settings of a profile that matter here; empty where it says nothing.
struct ProfileSettings {
  std::string region;
  std::string endpoint;
};

/// The usual order: environment, web identity, profile, container, machine. A profile that is named leaves out the
/// environment. `ca_bundle` and proxies of `options` hold for the services that are asked too.
std::vector<CredentialSource> usual_sources(const S3Options& options, const std::string& profile,
                                            const Environment& environment);
ProfileSettings profile_settings(const std::string& profile, const Environment& environment);

// The single places; each is nothing when the environment does not point to it.
CredentialSource environment_source(const Environment& environment);
CredentialSource profile_source(const std::string& profile, const Environment& environment, const S3Options& options);
CredentialSource web_identity_source(const Environment& environment, const S3Options& options);
CredentialSource container_source(const Environment& environment);
CredentialSource machine_source(const Environment& environment);

}  // namespace dbsnap::s3
