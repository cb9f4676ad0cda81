// The place a database is restored to: whether it may be written, and how the new file takes it over.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/posix_file.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::sqlite {

struct RestoreTarget {
  std::string path;                       ///< symbolic links resolved
  std::optional<struct stat> replaced{};  ///< the file that is there, when it may be replaced
};

/// Looks at the target without changing anything. Throws not_found for a missing folder, target_not_empty
/// for something that is there and may not be replaced, target_busy when somebody uses it.
RestoreTarget inspect_target(const std::string& path, const RestoreOptions& options);

/// The new file while it is being written: beside the target, under a name of its own. Removed on
/// destruction unless it was put in place.
class BesideFile {
 public:
  BesideFile(RestoreTarget target, std::uint64_t size);
  ~BesideFile();
  BesideFile(const BesideFile&) = delete;
  BesideFile& operator=(const BesideFile&) = delete;

  [[nodiscard]] PosixFile& file() noexcept { return file_; }

  /// Makes the file durable and gives it the target's name. Until that one rename the target is as it was;
  /// a crash at any moment leaves the old database or the new one, whole.
  void put_in_place(const Context& context);

 private:
  void rename_into_free_place() const;

  RestoreTarget target_;
  std::string path_;
  PosixFile file_;
  bool in_place_ = false;
};

}  // namespace dbsnap::sqlite
