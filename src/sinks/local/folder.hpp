// One open folder below a local sink's root; every step goes through descriptors and follows no symbolic link.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/posix_file.hpp"

namespace dbsnap {

/// What a name in a folder stands for.
enum class NameKind { absent, file, folder, other };

struct NameInfo {
  NameKind kind = NameKind::absent;
  std::uint64_t size = 0;  ///< bytes, of a file
};

/// Errors name the full path. A symbolic link met as a name gives Error{access_refused}.
class Folder {
 public:
  /// Opens `path`, through symbolic links if it is one; nothing when it does not exist.
  static std::optional<Folder> open(const std::string& path);
  /// Makes `path` and its missing parents, durably, and opens it. Made folders get mode 0700.
  static Folder make_root(const std::string& path);

  /// Nothing when there is no such folder (or something else has its name).
  [[nodiscard]] std::optional<Folder> enter(std::string_view name) const;
  /// As enter(); makes the folder first when it is missing. It is durable when this returns.
  [[nodiscard]] Folder enter_or_make(std::string_view name, mode_t mode) const;

  /// A new file; nothing when the name is taken.
  [[nodiscard]] std::optional<PosixFile> create_file(const std::string& name, mode_t mode) const;
  /// Nothing when there is no such file.
  [[nodiscard]] std::optional<PosixFile> open_file(const std::string& name) const;
  [[nodiscard]] NameInfo look_at(const std::string& name) const;
  /// True when there was such a file.
  bool remove_file(const std::string& name) const;  // NOLINT(modernize-use-nodiscard)
  /// Puts `name` of this folder into `target`, in place of what has that name there. Returns true.
  bool replace(const std::string& name, const Folder& target, const std::string& target_name) const;
  /// As replace(), but false, with nothing changed, when the target's name is taken. Atomic also
  /// between processes and hosts.
  [[nodiscard]] bool place(const std::string& name, const Folder& target, const std::string& target_name) const;

  /// Calls `visitor(name)` for every name except "." and ".." until it returns false.
  void for_each_name(const std::function<bool(const std::string&)>& visitor) const;

  /// Makes the folder's names durable.
  void sync() const;
  /// Permission bits.
  [[nodiscard]] mode_t mode() const;
  [[nodiscard]] const std::string& path() const noexcept { return handle_.path(); }

 private:
  explicit Folder(PosixFile handle) : handle_(std::move(handle)) {}
  [[nodiscard]] std::string path_of(std::string_view name) const { return path() + "/" + std::string(name); }
  [[nodiscard]] Error refuse_link(const std::string& name) const;
  [[nodiscard]] bool place_by_link(const std::string& name, const Folder& target, const std::string& target_name) const;

  PosixFile handle_;
};

}  // namespace dbsnap
