// SftpOptions from a URL and the environment, and a URL from SftpOptions.
#pragma once

#include <string>

#include "base/environment.hpp"
#include "base/url.hpp"
#include "dbsnap/sinks/sftp.hpp"

namespace dbsnap::sftp {

/// sftp://user@host:port/path?identity=…&known_hosts=…&parallel=…; docs/sinks/sftp.md has the whole list. Reads the
/// files that hold a password or a passphrase, and looks which of the usual keys exist. Throws Error{invalid_argument}.
SftpOptions options_of(const Url& url, const Environment& environment);

/// Where such a sink is, for people.
std::string url_of(const SftpOptions& options);

}  // namespace dbsnap::sftp
