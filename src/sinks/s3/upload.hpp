// Upload: an object's way into the bucket, in one piece or in several.
#pragma once

#include <string>

#include "dbsnap/sink.hpp"
#include "sinks/s3/client.hpp"

namespace dbsnap::s3 {

/// One object to store. `key` is the repository's, `name` the whole one in the bucket.
struct Upload {
  std::string key;
  std::string name;
  ByteView bytes;
};

PutResult put_object(Client& client, const Upload& upload, const PutOptions& options, const Context& context);

}  // namespace dbsnap::s3
