// A private folder that lives as long as the test, and plain file helpers for its content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"

namespace dbsnap::testing {

/// Makes a fresh folder under TMPDIR (or /tmp) and removes it with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Path of `name` inside the folder.
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

/// Throw std::runtime_error when the operating system refuses.
Bytes read_file(const std::string& path);
/// Replaces the file's content; the folder must exist.
void write_file(const std::string& path, ByteView bytes);
void write_file(const std::string& path, std::string_view text);
/// Paths of all files below `folder`, relative to it, sorted. Empty when there is no such folder.
std::vector<std::string> files_below(const std::string& folder);

Bytes to_bytes(std::string_view text);
std::string to_text(ByteView bytes);

}  // namespace dbsnap::testing
