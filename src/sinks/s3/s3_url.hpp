// From "s3://bucket/prefix?…" and the environment to S3Options, and back to a URL that can be shown.
#pragma once

#include <string>

#include "base/environment.hpp"
#include "base/url.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// An S3 store as a URL names it, with the name of the profile to look for credentials in.
struct NamedStore {
  S3Options options;
  std::string profile;  ///< empty when none was named
};

/// Reads the URL; what it leaves open comes from the environment. Throws Error{invalid_argument} that names the
/// parameter, and for an unknown one the nearest known.
NamedStore read_s3_url(const Url& url, const Environment& environment);

/// Throws Error{invalid_argument} for options that make no sense together.
void check_s3_options(const S3Options& options);

/// "s3://bucket/prefix?endpoint=…", without keys.
std::string shown_url(const S3Options& options);

}  // namespace dbsnap::s3
