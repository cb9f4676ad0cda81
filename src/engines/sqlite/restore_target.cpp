#include "engines/sqlite/restore_target.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/open_files.hpp"
#include "engines/sqlite/replaced_database.hpp"

namespace dbsnap::sqlite {
namespace {

Error not_empty(const std::string& path, const std::string& what) {
  return Error(ErrorCode::target_not_empty, path + " " + what).hint("ls -l '" + path + "'").with("path", path);
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (real == nullptr) throw not_empty(path, "is a symbolic link that leads nowhere");
  return real.get();
}

void check_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 && errno != ENOENT) throw posix_error(errno, "look into", folder);
  if (S_ISDIR(info.st_mode)) return;
  throw Error(ErrorCode::not_found, "there is no folder " + folder)
      .hint("mkdir -p '" + folder + "'")
      .with("path", path);
}

void check_leftovers(const std::string& path) {
  for (const char* suffix : {"-wal", "-journal"}) {
    if (file_size_or_zero(path + suffix) == 0) continue;
    throw not_empty(path + suffix, "is left over from another database, and SQLite would apply it to this one");
  }
}

}  // namespace

RestoreTarget inspect_target(const std::string& path, const RestoreOptions& options) {
  check_folder(path);
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) throw posix_error(errno, "look at", path);
    if (!options.overwrite) check_leftovers(path);
    return {path, std::nullopt};
  }
  RestoreTarget target{S_ISLNK(info.st_mode) ? resolved(path) : path, std::nullopt};
  if (::stat(target.path.c_str(), &info) != 0) throw posix_error(errno, "look at", target.path);
  if (!S_ISREG(info.st_mode)) throw not_empty(path, S_ISDIR(info.st_mode) ? "is a folder" : "is not a regular file");
  if (!options.overwrite) throw not_empty(path, "exists");
  if (const auto process = process_that_holds(target.path)) {
    throw Error(ErrorCode::target_busy, path + " is open in process " + std::to_string(*process))
        .hint("fuser -v '" + path + "'")
        .with("path", path);
  }
  check_unlocked(target.path);
  target.replaced = info;
  return target;
}

BesideFile::BesideFile(RestoreTarget target, std::uint64_t size)
    : target_(std::move(target)), path_(folder_of(target_.path) + "/.dbsnap-restore-" + random_hex(8)) {
  const mode_t mode = target_.replaced ? 0600 : 0644;
  file_ = PosixFile::open(path_, O_RDWR | O_CREAT | O_EXCL, mode);
  // Room is taken first where the file system can: a full disk then shows before the work and not after it.
  if (size == 0 || ::fallocate(file_.descriptor(), 0, 0, static_cast<off_t>(size)) == 0) return;
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    ::unlink(path_.c_str());
    throw posix_error(error, "make room for", path_).hint("df -h '" + folder_of(path_) + "'");
  }
}

BesideFile::~BesideFile() {
  if (!in_place_) ::unlink(path_.c_str());
}

void BesideFile::put_in_place(const Context& context) {
  if (target_.replaced) {
    // Owner first: changing it clears mode bits. Only root may give files away; then the mode alone is kept.
    if (::fchown(file_.descriptor(), target_.replaced->st_uid, target_.replaced->st_gid) != 0 && errno != EPERM) {
      throw posix_error(errno, "set the owner of", path_);
    }
    if (::fchmod(file_.descriptor(), target_.replaced->st_mode & 07777U) != 0) {
      throw posix_error(errno, "set the mode of", path_);
    }
  }
  file_.sync();
  file_.close();
  context.check();
  const std::string folder = folder_of(target_.path);
  std::optional<ReplacedDatabase> replaced;
  if (target_.replaced) replaced.emplace(target_.path, context);
  ParkedFiles parked(target_.path, path_);
  if (parked.any()) sync_folder(folder);
  if (target_.replaced) {
    if (::rename(path_.c_str(), target_.path.c_str()) != 0) throw posix_error(errno, "replace", target_.path);
  } else {
    rename_into_free_place();
  }
  in_place_ = true;
  parked.keep_away();
  sync_folder(folder);
}

void BesideFile::rename_into_free_place() const {
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.path.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno == EINVAL || errno == ENOSYS) {
    if (::link(path_.c_str(), target_.path.c_str()) == 0) {
      ::unlink(path_.c_str());
      return;
    }
  }
  if (errno == EEXIST) throw not_empty(target_.path, "has come into being during the restore");
  throw posix_error(errno, "create", target_.path);
}

}  // namespace dbsnap::sqlite
