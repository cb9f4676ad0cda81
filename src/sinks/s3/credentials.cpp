#include "sinks/s3/credentials.hpp"

#include <chrono>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::s3 {
namespace {

constexpr auto kEarly = std::chrono::minutes(5);

bool same(const S3Credentials& one, const S3Credentials& other) {
  return one.access_key_id == other.access_key_id && one.secret_access_key == other.secret_access_key &&
         one.session_token == other.session_token;
}

}  // namespace

void CredentialChain::fetch(const Context& context) {
  for (const CredentialSource& source : sources_) {
    auto found = source.find(context);
    if (!found) continue;
    current_ = std::move(found);
    return;
  }
  std::string places;
  for (const CredentialSource& source : sources_) places += (places.empty() ? "" : ", ") + source.name;
  throw Error(ErrorCode::access_refused, "no credentials for the store were found")
      .why("looked in: " + places)
      .hint("aws configure list")
      .had_no_effect();
}

S3Credentials CredentialChain::get(const Context& context) {
  const std::scoped_lock lock(mutex_);
  const TimePoint now = context.clock->now();
  const bool fresh = current_ && (!current_->expires || *current_->expires - kEarly > now);
  if (fresh) return *current_;
  const bool usable = current_ && *current_->expires > now;
  try {
    fetch(context);
  } catch (const Error& failure) {
    const bool gave_up = failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::deadline_exceeded;
    if (!usable || gave_up) throw;
  }
  return *current_;
}

bool CredentialChain::renew(const S3Credentials& refused, const Context& context) {
  const std::scoped_lock lock(mutex_);
  if (current_ && !same(*current_, refused)) return true;  // another thread did it
  fetch(context);
  return !same(*current_, refused);
}

CredentialSource environment_source(const Environment& environment) {
  return {"the environment (AWS_ACCESS_KEY_ID)", [environment](const Context&) -> std::optional<S3Credentials> {
            auto id = environment.get("AWS_ACCESS_KEY_ID");
            auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
            if (!id && !secret) return std::nullopt;
            if (!id || !secret) {
              throw Error(ErrorCode::access_refused, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set")
                  .had_no_effect();
            }
            return S3Credentials{std::move(*id), std::move(*secret), environment.get("AWS_SESSION_TOKEN").value_or(""),
                                 std::nullopt};
          }};
}

std::vector<CredentialSource> usual_sources(const S3Options& options, const std::string& profile,
                                            const Environment& environment) {
  std::vector<CredentialSource> sources;
  if (profile.empty()) sources.push_back(environment_source(environment));
  if (profile.empty()) sources.push_back(web_identity_source(environment, options));
  sources.push_back(profile_source(profile, environment, options));
  if (profile.empty()) {
    sources.push_back(container_source(environment));
    sources.push_back(machine_source(environment));
  }
  return sources;
}

}  // namespace dbsnap::s3
