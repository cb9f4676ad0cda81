// Reads and writes plain files for export, import and scratch restores.
#include "cli/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::cli {
namespace {

ErrorCode code_for(int failure) {
  switch (failure) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::access_refused;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    default:
      return ErrorCode::io;
  }
}

Error file_error(int failure, std::string message) {
  return Error(code_for(failure), std::move(message)).why(std::strerror(failure)).native_code(failure);
}

void write_all(int fd, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw file_error(errno, fmt::format("cannot write {}", name));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

bool FileDescriptor::close() noexcept {
  const int fd = std::exchange(fd_, -1);
  return fd < 0 || ::close(fd) == 0;
}

FileReader::FileReader(const std::string& path) : path_(path) {
  file_ = FileDescriptor(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file_.get() < 0) {
    const int failure = errno;
    // A missing file to import is a source that cannot be reached, like a missing database.
    if (failure == ENOENT || failure == ENOTDIR) {
      throw Error(ErrorCode::source_unreachable, fmt::format("there is no file {}", path))
          .why(std::strerror(failure))
          .native_code(failure);
    }
    throw file_error(failure, fmt::format("cannot open {}", path));
  }
}

std::size_t FileReader::read(MutableByteView out, const Context& context) {
  for (;;) {
    context.check();
    const ssize_t count = ::read(file_.get(), out.data(), out.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw file_error(errno, fmt::format("cannot read {}", path_));
  }
}

TimePoint FileReader::changed(const Clock& clock) const {
  struct stat status {};
  if (path_ == "-" || fstat(file_.get(), &status) != 0) return clock.now();
  return TimePoint(std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

void OutputWriter::write(std::uint64_t /*offset*/, ByteView bytes) {
  write_all(STDOUT_FILENO, bytes, "standard output");
  written_ += bytes.size();
}

NewFileWriter::NewFileWriter(std::string path, bool overwrite, const std::string& why)
    : path_(std::move(path)), part_(fmt::format("{}.part-{}", path_, ::getpid())), overwrite_(overwrite) {
  struct stat status {};
  if (!overwrite_ && ::lstat(path_.c_str(), &status) == 0) {
    throw Error(ErrorCode::target_not_empty, fmt::format("the file {} exists", path_)).why(why);
  }
  file_ = FileDescriptor(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.get() < 0) throw file_error(errno, fmt::format("cannot create {}", part_));
}

NewFileWriter::~NewFileWriter() {
  if (!committed_) ::unlink(part_.c_str());
}

void NewFileWriter::write(std::uint64_t /*offset*/, ByteView bytes) {
  write_all(file_.get(), bytes, part_);
  written_ += bytes.size();
}

void NewFileWriter::commit() {
  if (::fsync(file_.get()) != 0 || !file_.close()) throw file_error(errno, fmt::format("cannot write {}", part_));
  // What another process has put there meanwhile is not replaced. Disks with FAT on them have no links.
  const unsigned how = overwrite_ ? 0 : RENAME_NOREPLACE;
  bool placed = ::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), how) == 0;
  if (!placed && errno == EINVAL) {
    placed = ::link(part_.c_str(), path_.c_str()) == 0;
    if (placed) ::unlink(part_.c_str());
  }
  if (!placed) throw file_error(errno, fmt::format("cannot name the finished file {}", path_));
  committed_ = true;
  const FileDescriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    throw file_error(errno, fmt::format("cannot make {} durable", path_));
  }
}

ScratchFolder::ScratchFolder(const std::string& parent) {
  const char* fallback = std::getenv("TMPDIR");
  path_ = !parent.empty() ? parent : fallback != nullptr && *fallback != '\0' ? fallback : "/tmp";
  path_ += "/dbsnap-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) {
    throw file_error(errno, fmt::format("cannot make a scratch folder in {}", folder_of(path_)));
  }
  // A database server that is tried out in a folder below, without root's rights, has to pass through.
  if (::chmod(path_.c_str(), S_IRWXU | S_IXGRP | S_IXOTH) != 0) {
    const int reason = errno;
    ::rmdir(path_.c_str());
    throw file_error(reason, fmt::format("cannot open a way through the scratch folder {}", path_));
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace dbsnap::cli
