// Content-MD5, the checksum of a body that every store understands.
#pragma once

#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap::s3 {

/// MD5 as base64; empty where the machine's rules leave libcrypto without MD5. It protects the way to the store and
/// nothing else.
std::string content_md5(ByteView bytes);

}  // namespace dbsnap::s3
