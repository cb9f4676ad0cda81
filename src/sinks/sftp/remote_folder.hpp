// The repository's folder on the server: where objects lie, how one gets its name, what dead writers left.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sink.hpp"
#include "sinks/sftp/remote_files.hpp"

namespace dbsnap::sftp {

/// The subfolder for temporary files. No object key can hold '~', so no listing shows it.
inline constexpr const char* kTempFolder = "~tmp";

/// Safe from many threads; each brings a connection of its own.
class RemoteFolder {
 public:
  explicit RemoteFolder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path_of(std::string_view key) const;

  /// Stores an object, as Sink::put.
  PutResult put(Connection& connection, std::string_view key, ByteView bytes, bool if_absent, const Context& context);

 private:
  struct Draft;

  /// Writes and fsyncs a temporary file. Nothing when a folder that was there before has gone meanwhile.
  std::optional<Draft> write_draft(Connection& connection, const std::string& key, ByteView bytes,
                                   const Context& context);
  /// Gives it the object's name. Nothing when a folder or the temporary name has gone meanwhile.
  std::optional<PutResult> place(Connection& connection, const Draft& draft, const std::string& key, bool if_absent,
                                 const Context& context);
  /// What it means that the server did not give the name.
  PutResult judge(Connection& connection, const Reply& refused, const std::string& key, bool if_absent,
                  const Context& context);
  bool has_hard_links(Connection& connection, const Context& context);

  /// Makes the folder and its temporary one where missing; the first time it removes what dead writers left.
  void prepare(Connection& connection, const Context& context);
  void make_root(Connection& connection, const Context& context);
  void make_folder(Connection& connection, const std::string& path, const Context& context);
  void make_folders_of(Connection& connection, const std::string& key, const Context& context);
  void remove_orphans(Connection& connection, const Context& context);
  void forget_folders();
  [[nodiscard]] std::string new_temp_path() const;
  [[nodiscard]] std::uint32_t folder_mode();
  [[nodiscard]] std::uint32_t file_mode();

  const std::string path_;
  std::mutex mutex_;
  bool prepared_ = false;
  bool swept_ = false;
  std::uint32_t mode_ = 0700;  ///< permission bits of the folder itself
  std::set<std::string, std::less<>> known_;
};

/// Calls `step`; an error that it throws is marked as one of a call that changed nothing.
template <typename Step>
auto without_effect(Step step) {
  try {
    return step();
  } catch (const Error& failure) {
    throw Error(failure).had_no_effect();
  }
}

}  // namespace dbsnap::sftp
