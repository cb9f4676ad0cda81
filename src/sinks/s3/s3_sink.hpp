// The sink over a bucket, for those who bring a way to find credentials.
#pragma once

#include <memory>

#include "dbsnap/sinks/s3.hpp"
#include "sinks/s3/credentials.hpp"

namespace dbsnap::s3 {

std::shared_ptr<Sink> make_sink(const S3Options& options, std::vector<CredentialSource> sources);

}  // namespace dbsnap::s3
