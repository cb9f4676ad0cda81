// What an SFTP server can promise, and how much room it has: the findings of Sink::examine.
#pragma once

#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/finding.hpp"
#include "sinks/sftp/connection_pool.hpp"
#include "sinks/sftp/remote_folder.hpp"

namespace dbsnap::sftp {

std::vector<Finding> examine_server(ConnectionPool& pool, const RemoteFolder& folder, const Context& context);

}  // namespace dbsnap::sftp
