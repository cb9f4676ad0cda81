#include "base/file_cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/posix_file.hpp"
#include "base/random.hpp"

namespace dbsnap {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartSuffix = ".part";
constexpr std::uint64_t kSlackDivisor = 16;

// The time of use is a file's own, so that all processes that share the folder agree on it.
void mark_used(const PosixFile& file) noexcept {
  const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  // A file that cannot be marked goes a little early.
  static_cast<void>(::futimens(file.descriptor(), now));
}

std::optional<PosixFile> open_existing(const std::string& path) {
  try {
    return PosixFile::open(path, O_RDONLY | O_NOFOLLOW);
  } catch (const Error&) {
    // Whatever the reason is, the cache does not have it.
    return std::nullopt;
  }
}

/// True when no process holds the lock that a writer keeps on its part.
bool is_abandoned(const std::string& path) {
  const auto file = open_existing(path);
  return file && ::flock(file->descriptor(), LOCK_EX | LOCK_NB) == 0;
}

struct CachedFile {
  fs::path path;
  std::uint64_t size = 0;
  fs::file_time_type used;
};

std::vector<CachedFile> files_in(const std::string& folder) {
  std::vector<CachedFile> files;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code status;
    const bool regular = at->is_regular_file(status) && !at->is_symlink(status);
    CachedFile file{at->path(), at->file_size(status), at->last_write_time(status)};
    // One that another process removed meanwhile is no business of ours.
    if (regular && !status) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

FileCache::FileCache(std::string folder, std::uint64_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes), unaccounted_(limit_bytes) {}

std::string FileCache::path_of(const std::string& name) const { return folder_ + "/" + name; }

std::optional<Bytes> FileCache::read(const std::string& name, std::uint64_t offset, std::size_t length) const {
  const auto file = open_existing(path_of(name));
  if (!file) return std::nullopt;
  try {
    Bytes bytes(length);
    if (file->pread(bytes, offset) != length) return std::nullopt;
    mark_used(*file);
    return bytes;
  } catch (const Error&) {
    return std::nullopt;  // a disk that cannot be read: as good as nothing
  }
}

std::optional<Bytes> FileCache::read(const std::string& name) const {
  const auto size = size_of(name);
  return size ? read(name, 0, *size) : std::nullopt;
}

std::optional<std::uint64_t> FileCache::size_of(const std::string& name) const {
  struct stat info {};
  if (::lstat(path_of(name).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

void FileCache::write(const std::string& name, ByteView bytes) {
  if (bytes.size() > limit_bytes_ / 2) return;
  {
    const std::scoped_lock lock(mutex_);
    make_folder();
    unaccounted_ += bytes.size();
    if (unaccounted_ > limit_bytes_ / kSlackDivisor) {
      clear_up();
      unaccounted_ = bytes.size();
    }
  }
  const std::string part = path_of(name + "." + random_hex(8) + std::string(kPartSuffix));
  try {
    PosixFile file = PosixFile::open(part, O_WRONLY | O_CREAT | O_EXCL);
    static_cast<void>(::flock(file.descriptor(), LOCK_EX | LOCK_NB));
    file.pwrite(bytes, 0);
    // A part that is gone was taken for a dead writer's before it was locked, or with the whole folder.
    if (::rename(part.c_str(), path_of(name).c_str()) != 0 && errno != ENOENT) throw posix_error(errno, "rename", part);
    file.close();
  } catch (const Error&) {
    ::unlink(part.c_str());
    throw;
  }
}

void FileCache::drop(const std::string& name) noexcept {
  try {
    ::unlink(path_of(name).c_str());
  } catch (const std::bad_alloc&) {
    // It stays, and is found bad once more.
  }
}

void FileCache::make_folder() const {
  std::error_code status;
  if (!fs::create_directories(folder_, status)) {
    if (status) throw posix_error(status.value(), "make", folder_);
    return;
  }
  fs::permissions(folder_, fs::perms::owner_all, status);
}

void FileCache::clear_up() {
  std::vector<CachedFile> files = files_in(folder_);
  std::erase_if(files, [](const CachedFile& file) {
    const bool part = file.path.native().ends_with(kPartSuffix);
    if (part && is_abandoned(file.path)) ::unlink(file.path.c_str());
    return part;
  });
  std::ranges::sort(files, {}, &CachedFile::used);
  std::uint64_t total = 0;
  for (const CachedFile& file : files) total += file.size;
  const std::uint64_t wanted = limit_bytes_ - limit_bytes_ / kSlackDivisor;
  for (const CachedFile& file : files) {
    if (total <= wanted) return;
    if (::unlink(file.path.c_str()) == 0 || errno == ENOENT) total -= file.size;
  }
}

}  // namespace dbsnap
