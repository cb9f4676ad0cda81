// What the services of a container or a machine share: quick questions over plain HTTP to an address of the host.
#pragma once

#include <optional>
#include <string>

#include "base/http/http_client.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// A client that gives up after about a second and uses no proxy.
HttpOptions metadata_options();

/// Credentials in the JSON that such a service answers with; throws Error{access_refused} naming `service` when there
/// are none in it.
S3Credentials parse_metadata_credentials(ByteView body, const std::string& service);

}  // namespace dbsnap::s3
