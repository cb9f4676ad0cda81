// Where a local sink's objects are written before they get their names.
#pragma once

#include <string>

#include "base/posix_file.hpp"
#include "sinks/local/folder.hpp"

namespace dbsnap {

/// The subfolder for temporary files. No object key can hold '~', so no listing shows it.
inline constexpr const char* kTempFolder = "~tmp";

/// A file in the temporary folder. It is locked while this lives, which shows other processes that
/// its writer is alive; it is removed at the end unless keep() said that it has its name now.
class TempFile {
 public:
  /// Makes a file with permission bits `mode`.
  TempFile(const Folder& folder, mode_t mode);
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  PosixFile& file() noexcept { return file_; }
  void keep() noexcept { kept_ = true; }

 private:
  const Folder& folder_;
  std::string name_;
  PosixFile file_;
  bool kept_ = false;
};

/// Removes the files of writers that died. Judged by their locks, so no clock is involved and a
/// writer that only sleeps loses nothing.
void remove_orphans(const Folder& folder);

}  // namespace dbsnap
