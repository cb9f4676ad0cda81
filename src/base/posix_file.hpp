// Files of the operating system with errors turned into dbsnap::Error.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "dbsnap/bytes.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {

/// Error for `errno_value` met while doing `what` ("write") to `path`: ENOSPC and EDQUOT give
/// no_space, EACCES, EPERM and EROFS access_refused, ENOENT and ENOTDIR not_found, others io.
Error posix_error(int errno_value, const std::string& what, const std::string& path);

/// Owns a file descriptor. Move-only; not thread-safe except pread and pwrite.
class PosixFile {
 public:
  PosixFile() = default;
  /// open(2) with O_CLOEXEC; throws posix_error.
  static PosixFile open(const std::string& path, int flags, mode_t mode = 0600);
  /// Takes over an open descriptor; `path` is for messages.
  static PosixFile adopt(int descriptor, std::string path) { return {descriptor, std::move(path)}; }
  ~PosixFile();
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int descriptor() const noexcept { return fd_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const;

  /// Reads until `out` is full or the file ends; returns the bytes read.
  std::size_t pread(MutableByteView out, std::uint64_t offset) const;
  /// Writes all of `bytes`.
  void pwrite(ByteView bytes, std::uint64_t offset) const;
  /// Asks the system to start writing `length` bytes from `offset` to the disk; a hint, never fails.
  void start_writeback(std::uint64_t offset, std::uint64_t length) const noexcept;
  void truncate(std::uint64_t size) const;
  void sync() const;
  /// Closes and reports a late write error; the destructor closes in silence.
  void close();

 private:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

/// fsync of the folder itself, so that names made or removed in it are durable.
void sync_folder(const std::string& path);
/// Folder part of `path`, "." when there is none.
std::string folder_of(const std::string& path);

}  // namespace dbsnap
