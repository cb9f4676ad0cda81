// A local cache of what a repository in a remote store has read and written.
#pragma once

#include <cstdint>
#include <string>

namespace dbsnap {

/// Where stored bytes are kept a second time, so that the next snapshot can store deltas against them without reading
/// them back over the network. Holds nothing but bytes as they are stored: encrypted in an encrypted repository. May be
/// shared by any number of processes and repositories, and removed at any time, also while it is used.
struct CacheOptions {
  std::string folder;                                 ///< an absolute path; made when something is first kept
  std::uint64_t size_bytes = std::uint64_t{4} << 30;  ///< all files together, about; at least 64 MiB
};

}  // namespace dbsnap
