#include "base/posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace dbsnap {

Error posix_error(int errno_value, const std::string& what, const std::string& path) {
  ErrorCode code = ErrorCode::io;
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = ErrorCode::no_space;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::access_refused;
      break;
    case ENOENT:
    case ENOTDIR:
      code = ErrorCode::not_found;
      break;
    default:
      break;
  }
  return Error(code, "cannot " + what + " " + path)
      .why(std::generic_category().message(errno_value))
      .native_code(errno_value)
      .with("path", path);
}

PosixFile PosixFile::open(const std::string& path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw posix_error(errno, "open", path);
  return PosixFile(fd, path);
}

PosixFile::~PosixFile() {
  if (fd_ >= 0) ::close(fd_);
}

PosixFile::PosixFile(PosixFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

std::uint64_t PosixFile::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) throw posix_error(errno, "stat", path_);
  return static_cast<std::uint64_t>(info.st_size);
}

std::size_t PosixFile::pread(MutableByteView out, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw posix_error(errno, "read", path_);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void PosixFile::pwrite(ByteView bytes, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw posix_error(errno, "write", path_);
    done += static_cast<std::size_t>(n);
  }
}

void PosixFile::start_writeback(std::uint64_t offset, std::uint64_t length) const noexcept {
  ::sync_file_range(fd_, static_cast<off64_t>(offset), static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE);
}

void PosixFile::truncate(std::uint64_t size) const {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw posix_error(errno, "resize", path_);
}

void PosixFile::sync() const {
  if (::fsync(fd_) != 0) throw posix_error(errno, "fsync", path_);
}

void PosixFile::close() {
  if (fd_ < 0) return;
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) throw posix_error(errno, "close", path_);
}

void sync_folder(const std::string& path) { PosixFile::open(path, O_RDONLY | O_DIRECTORY).sync(); }

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace dbsnap
