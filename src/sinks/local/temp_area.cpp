#include "sinks/local/temp_area.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "base/random.hpp"

namespace dbsnap {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr std::size_t kNameBytes = 16;

enum class Lock { taken, held_elsewhere, impossible };

Lock lock_of(const PosixFile& file) noexcept {
  while (::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Lock::held_elsewhere;
    if (errno != EINTR) return Lock::impossible;
  }
  return Lock::taken;
}

bool has_name(const PosixFile& file) {
  struct stat info {};
  if (::fstat(file.descriptor(), &info) != 0) throw posix_error(errno, "stat", file.path());
  return info.st_nlink > 0;
}

}  // namespace

TempFile::TempFile(const Folder& folder, mode_t mode) : folder_(folder) {
  for (;;) {
    name_ = random_hex(kNameBytes);
    auto file = folder.create_file(name_, kOwnerOnly);
    if (!file) continue;
    file_ = std::move(*file);
    // Between its creation and the lock remove_orphans() of another process may have taken it.
    if (lock_of(file_) == Lock::held_elsewhere || !has_name(file_)) continue;
    break;
  }
  if (mode != kOwnerOnly && ::fchmod(file_.descriptor(), mode) != 0) {
    const int reason = errno;
    folder_.remove_file(name_);
    throw posix_error(reason, "set the mode of", file_.path());
  }
}

TempFile::~TempFile() {
  if (kept_) return;
  try {
    folder_.remove_file(name_);
  } catch (const Error&) {
    // What stays behind is harmless and goes with remove_orphans().
    kept_ = true;
  }
}

void remove_orphans(const Folder& folder) {
  std::vector<std::string> names;
  folder.for_each_name([&](const std::string& name) {
    names.push_back(name);
    return true;
  });
  for (const std::string& name : names) {
    try {
      const std::optional<PosixFile> file = folder.open_file(name);
      if (file && lock_of(*file) == Lock::taken) folder.remove_file(name);
    } catch (const Error&) {
      // Another user's file, perhaps: it costs room, not safety.
      continue;
    }
  }
}

}  // namespace dbsnap
