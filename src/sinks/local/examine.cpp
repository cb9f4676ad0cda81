#include "sinks/local/examine.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "base/free_space.hpp"
#include "base/posix_file.hpp"
#include "sinks/local/folder.hpp"

namespace dbsnap {
namespace {

constexpr std::uint64_t kFewFiles = 10'000;

struct FileSystemWords {
  std::uint32_t magic;
  Severity severity;
  const char* words;
};
constexpr std::array<FileSystemWords, 6> kFileSystems{{
    {MSDOS_SUPER_MAGIC, Severity::warning, "a FAT file system keeps no permissions and survives a loss of power badly"},
    {EXFAT_SUPER_MAGIC, Severity::warning,
     "an exFAT file system keeps no permissions and survives a loss of power badly"},
    {NFS_SUPER_MAGIC, Severity::note, "a network file system (NFS): it holds what its server holds"},
    {SMB2_SUPER_MAGIC, Severity::note, "a network file system (SMB): it holds what its server holds"},
    {FUSE_SUPER_MAGIC, Severity::note, "a file system in user space (FUSE): it holds what its program holds"},
    {TMPFS_MAGIC, Severity::warning, "a file system in memory: everything is gone when the machine stops"},
}};

/// `path`, or the nearest folder above it that exists.
std::string nearest_existing(std::string path) {
  struct stat info {};
  while (path.size() > 1 && ::stat(path.c_str(), &info) != 0) path = folder_of(path);
  return path;
}

bool is_empty(const Folder& folder) {
  bool empty = true;
  folder.for_each_name([&](const std::string&) {
    empty = false;
    return false;
  });
  return empty;
}

Finding not_examined(const std::string& check, const std::string& what) {
  return {Severity::warning, check, what + ": " + std::generic_category().message(errno), {}};
}

Finding mount_finding(const std::string& root) {
  const auto folder = Folder::open(root);
  if (!folder) return {Severity::note, "mount", root + " does not exist yet", {}};
  if (is_empty(*folder)) {
    // What a disk leaves behind that is not mounted; a backup with --init would begin anew below it.
    return {Severity::warning, "mount", root + " is there and empty: a disk that belongs there is not mounted",
            "findmnt -T " + root};
  }
  struct stat here {};
  struct stat above {};
  if (::stat(root.c_str(), &here) != 0 || ::stat((root + "/..").c_str(), &above) != 0) {
    return not_examined("mount", "cannot look at " + root);
  }
  return {
      Severity::ok, "mount", here.st_dev != above.st_dev ? root + " is a mounted disk" : root + " is not empty", {}};
}

void add_space(const std::string& path, std::vector<Finding>& findings) {
  struct statvfs room {};
  if (::statvfs(path.c_str(), &room) != 0) {
    findings.push_back(not_examined("free-space", "cannot ask for the room in " + path));
    return;
  }
  findings.push_back(free_space_finding(room.f_blocks * room.f_frsize, room.f_bavail * room.f_frsize));
  if (room.f_files != 0 && room.f_favail < kFewFiles) {
    findings.push_back({Severity::warning, "free-files",
                        fmt::format("{} more files fit on the disk of {}", room.f_favail, path), "df -i " + path});
  }
}

}  // namespace

std::vector<Finding> examine_folder(const std::string& root) {
  std::vector<Finding> findings;
  try {
    findings.push_back(mount_finding(root));
  } catch (const Error& failure) {
    findings.push_back({Severity::failure, "mount", failure.message() + ": " + failure.why(), failure.hint()});
  }
  const std::string place = nearest_existing(root);
  add_space(place, findings);
  struct statfs kind {};
  if (::statfs(place.c_str(), &kind) != 0) {
    findings.push_back(not_examined("file-system", "cannot ask for the file system of " + place));
    return findings;
  }
  for (const FileSystemWords& each : kFileSystems) {
    if (each.magic != static_cast<std::uint32_t>(kind.f_type)) continue;
    findings.push_back({each.severity, "file-system", place + " is on " + each.words, {}});
  }
  return findings;
}

}  // namespace dbsnap
