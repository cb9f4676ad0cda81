#include "sinks/local/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace dbsnap {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kPrivateFolder = 0700;

int retry_open_at(int folder, const std::string& name, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = ::openat(folder, name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

/// posix_error, but a missing name is an io error: it is said of places that must exist.
Error must_exist_error(int errno_value, const std::string& what, const std::string& path) {
  if (errno_value != ENOENT && errno_value != ENOTDIR) return posix_error(errno_value, what, path);
  Error error = posix_error(errno_value, what, path);
  return Error(ErrorCode::io, error.message()).why(error.why()).native_code(errno_value).with("path", path);
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

std::optional<Folder> Folder::open(const std::string& path) {
  const int fd = retry_open_at(AT_FDCWD, path, kFolderFlags);
  if (fd >= 0) return Folder(PosixFile::adopt(fd, path));
  if (errno == ENOENT) return std::nullopt;
  throw must_exist_error(errno, "open folder", path);
}

Error Folder::refuse_link(const std::string& name) const {
  return Error(ErrorCode::access_refused, path_of(name) + " is a symbolic link, which is not followed in a repository")
      .hint("mount --bind the folder that it points to in its place")
      .with("path", path_of(name));
}

std::optional<Folder> Folder::enter(std::string_view segment) const {
  const std::string name(segment);
  const int fd = retry_open_at(handle_.descriptor(), name, kFolderFlags | O_NOFOLLOW);
  if (fd >= 0) return Folder(PosixFile::adopt(fd, path_of(name)));
  const int reason = errno;
  if (reason == ENOENT) return std::nullopt;
  if (reason == ENOTDIR || reason == ELOOP) {
    (void)look_at(name);  // throws for a symbolic link
    return std::nullopt;
  }
  throw posix_error(reason, "open folder", path_of(name));
}

Folder Folder::enter_or_make(std::string_view segment, mode_t mode) const {
  const std::string name(segment);
  const bool made = ::mkdirat(handle_.descriptor(), name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) throw must_exist_error(errno, "make folder", path_of(name));
  auto folder = enter(name);
  if (!folder) throw Error(ErrorCode::io, path_of(name) + " is not a folder").with("path", path_of(name));
  if (made && ::fchmod(folder->handle_.descriptor(), mode) != 0) {
    throw posix_error(errno, "set the mode of", path_of(name));
  }
  // Also when another process made it a moment ago: its name may not be durable yet.
  sync();
  return std::move(*folder);
}

std::optional<PosixFile> Folder::create_file(const std::string& name, mode_t mode) const {
  const int fd = retry_open_at(handle_.descriptor(), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (fd < 0 && errno == EEXIST) return std::nullopt;
  if (fd < 0) throw must_exist_error(errno, "create", path_of(name));
  return PosixFile::adopt(fd, path_of(name));
}

std::optional<PosixFile> Folder::open_file(const std::string& name) const {
  // O_NONBLOCK: a FIFO that someone put there must not stall us.
  const int fd = retry_open_at(handle_.descriptor(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0 && errno == ELOOP) throw refuse_link(name);
  if (fd < 0) throw posix_error(errno, "open", path_of(name));
  PosixFile file = PosixFile::adopt(fd, path_of(name));
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw posix_error(errno, "stat", path_of(name));
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  return file;
}

NameInfo Folder::look_at(const std::string& name) const {
  struct stat info {};
  if (::fstatat(handle_.descriptor(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    throw posix_error(errno, "stat", path_of(name));
  }
  if (S_ISLNK(info.st_mode)) throw refuse_link(name);
  if (S_ISDIR(info.st_mode)) return {NameKind::folder, 0};
  if (S_ISREG(info.st_mode)) return {NameKind::file, static_cast<std::uint64_t>(info.st_size)};
  return {NameKind::other, 0};
}

bool Folder::remove_file(const std::string& name) const {
  if (::unlinkat(handle_.descriptor(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT || errno == EISDIR) return false;
  throw posix_error(errno, "remove", path_of(name));
}

bool Folder::replace(const std::string& name, const Folder& target, const std::string& target_name) const {
  if (::renameat(handle_.descriptor(), name.c_str(), target.handle_.descriptor(), target_name.c_str()) != 0) {
    throw must_exist_error(errno, "rename to", target.path_of(target_name));
  }
  return true;
}

bool Folder::place(const std::string& name, const Folder& target, const std::string& target_name) const {
  const long renamed = ::syscall(SYS_renameat2, handle_.descriptor(), name.c_str(), target.handle_.descriptor(),
                                 target_name.c_str(), RENAME_NOREPLACE);
  if (renamed == 0) return true;
  if (errno == EEXIST) return false;
  // What file systems (NFS among them) and old kernels say that do not know RENAME_NOREPLACE.
  if (errno == EINVAL || errno == ENOSYS || errno == EPERM) return place_by_link(name, target, target_name);
  throw must_exist_error(errno, "rename to", target.path_of(target_name));
}

bool Folder::place_by_link(const std::string& name, const Folder& target, const std::string& target_name) const {
  const int linked = ::linkat(handle_.descriptor(), name.c_str(), target.handle_.descriptor(), target_name.c_str(), 0);
  const int reason = errno;
  if (linked != 0) {
    // Over a network the answer to a link that was made can get lost, and its repetition meets EEXIST.
    struct stat info {};
    const bool ours =
        ::fstatat(handle_.descriptor(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_nlink == 2;
    if (!ours && reason == EEXIST) return false;
    if (!ours) throw must_exist_error(reason, "link", target.path_of(target_name));
  }
  remove_file(name);
  return true;
}

void Folder::for_each_name(const std::function<bool(const std::string&)>& visitor) const {
  // A descriptor of its own: reading moves a position that duplicates would share.
  const int fd = retry_open_at(handle_.descriptor(), ".", kFolderFlags);
  if (fd < 0) throw must_exist_error(errno, "open folder", path());
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd));
  if (!dir) {
    const int reason = errno;
    ::close(fd);
    throw posix_error(reason, "read folder", path());
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr && errno != 0) throw must_exist_error(errno, "read folder", path());
    if (entry == nullptr) return;
    const std::string name(static_cast<const char*>(entry->d_name));
    if (name != "." && name != ".." && !visitor(name)) return;
  }
}

void Folder::sync() const {
  // EINVAL: network file systems that have no call for this make names durable by themselves.
  if (::fsync(handle_.descriptor()) != 0 && errno != EINVAL) throw posix_error(errno, "fsync", path());
}

mode_t Folder::mode() const {
  struct stat info {};
  if (::fstat(handle_.descriptor(), &info) != 0) throw posix_error(errno, "stat", path());
  return info.st_mode & 07777;
}

Folder Folder::make_root(const std::string& path) {
  if (auto root = Folder::open(path)) {
    // Another process may have made it a moment ago. Where its parent cannot be opened it was made long before.
    if (auto parent_fd = retry_open_at(AT_FDCWD, folder_of(path), kFolderFlags); parent_fd >= 0) {
      Folder(PosixFile::adopt(parent_fd, folder_of(path))).sync();
    }
    return std::move(*root);
  }
  const std::string parent_path = folder_of(path);
  if (parent_path == path) throw Error(ErrorCode::io, "cannot make folder " + path);
  const Folder parent = make_root(parent_path);
  return parent.enter_or_make(std::string_view(path).substr(path.rfind('/') + 1), kPrivateFolder);
}

}  // namespace dbsnap
