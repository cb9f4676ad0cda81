// File cache: a folder of files that may go at any time, kept below a size, shared by processes.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

/// Files by name. Nothing is promised of what was written: another process, a person or the limit may have removed it,
/// and a crash or a bad disk may have altered it, so whoever reads must be able to tell good bytes from bad ones. Files
/// can be read by their owner only. Safe from many threads and beside other processes with the same folder.
class FileCache {
 public:
  /// `folder` is made with the first write. `limit_bytes` bounds all files in it together; a process may go beyond it
  /// by a sixteenth before it clears up.
  FileCache(std::string folder, std::uint64_t limit_bytes);

  /// `length` bytes from `offset` of the file; nothing when it is not there or shorter. `name` is one path segment.
  [[nodiscard]] std::optional<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t length) const;
  /// All bytes of the file.
  [[nodiscard]] std::optional<Bytes> read(const std::string& name) const;
  /// Size of the file, or nothing.
  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& name) const;

  /// Replaces the file. Other readers see the old bytes, the new ones or none. Throws Error when it cannot be written.
  void write(const std::string& name, ByteView bytes);
  void drop(const std::string& name) noexcept;

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const;
  void make_folder() const;
  /// Removes the files that were not used for longest until the limit holds, and parts that a dead writer left.
  void clear_up();

  const std::string folder_;
  const std::uint64_t limit_bytes_;
  std::mutex mutex_;
  std::uint64_t unaccounted_ = 0;  // bytes written since the folder was last looked through
};

}  // namespace dbsnap
