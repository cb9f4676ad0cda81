// Where a bucket is: host and path of a request.
#pragma once

#include <string>

#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

struct Address {
  std::string scheme;  ///< "https"
  std::string host;    ///< with its port where that is not the scheme's own
  std::string path;    ///< percent-encoded, begins with '/'
};

/// True for AWS itself: no endpoint, or one of its hosts.
bool is_aws_endpoint(const S3Options& options);

/// True when the store is to keep the SHA-256 of objects.
bool keeps_checksums(const S3Options& options);

/// Address of `key` in the bucket, or of the bucket for an empty key.
Address address_of(const S3Options& options, const std::string& region, const std::string& key);

}  // namespace dbsnap::s3
