// Files and folders on the server: each call is one or a few requests, pipelined where one does not need another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/sink.hpp"
#include "sinks/sftp/connection.hpp"

namespace dbsnap::sftp {

/// Names of the protocol's extensions, as servers announce them.
inline constexpr const char* kFsync = "fsync@openssh.com";
inline constexpr const char* kHardlink = "hardlink@openssh.com";
inline constexpr const char* kPosixRename = "posix-rename@openssh.com";
inline constexpr const char* kStatvfs = "statvfs@openssh.com";

/// True for what a server says when a name, or a folder on the way to it, does not exist.
bool is_absence(Status status) noexcept;

/// Error for a request that the server refused: `what` ("write") was to be done to `path`.
Error refusal(const Reply& reply, const Connection& connection, const std::string& what, const std::string& path);

/// Throws Error{io} when the server has not said what `path` is and how long: doubt is never "absent" or "empty".
void require_known(const Attributes& attributes, const std::string& path);

/// An open file or folder of the server; closed at the end, without waiting for the answer.
class RemoteHandle {
 public:
  RemoteHandle(Connection& connection, std::string handle) : connection_(&connection), handle_(std::move(handle)) {}
  ~RemoteHandle();
  RemoteHandle(RemoteHandle&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), handle_(std::move(other.handle_)) {}
  RemoteHandle& operator=(RemoteHandle&&) = delete;
  [[nodiscard]] const std::string& text() const noexcept { return handle_; }

 private:
  Connection* connection_;
  std::string handle_;
};

/// The handle in an answer, if that is what it holds.
std::optional<RemoteHandle> handle_of(Connection& connection, const Reply& reply);

/// A new file for writing. The reply tells why when there is none.
RequestId send_create(Connection& connection, const std::string& path, std::uint32_t mode);
RequestId send_open(Connection& connection, const std::string& path);
RequestId send_make_folder(Connection& connection, const std::string& path, std::uint32_t mode);
RequestId send_remove(Connection& connection, const std::string& path);
RequestId send_fsync(Connection& connection, const RemoteHandle& file);
/// hardlink@openssh.com: a second name for a file; fails when the name is taken.
RequestId send_link(Connection& connection, const std::string& from, const std::string& to);
/// posix-rename@openssh.com: replaces what has the name.
RequestId send_replace(Connection& connection, const std::string& from, const std::string& to);
/// The protocol's own rename: fails when the name is taken.
RequestId send_rename(Connection& connection, const std::string& from, const std::string& to);

/// Attributes of a name, a symbolic link's own; nothing when there is none.
std::optional<Attributes> look_at(Connection& connection, const std::string& path, const Context& context);
/// The same of what a symbolic link points to.
std::optional<Attributes> look_behind(Connection& connection, const std::string& path, const Context& context);
Attributes look_at(Connection& connection, const RemoteHandle& file, const std::string& path, const Context& context);

/// Writes all of `bytes` from the file's start. Throws when the server refuses a part.
void write_all(Connection& connection, const RemoteHandle& file, const std::string& path, ByteView bytes,
               const Context& context);
/// Reads exactly `length` bytes from `offset`, which the file has.
Bytes read_exactly(Connection& connection, const RemoteHandle& file, const std::string& path, std::uint64_t offset,
                   std::uint64_t length, const Context& context);

/// Room on the file system that `path` is on, in bytes; nothing when the server does not say.
struct Room {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};
std::optional<Room> room_at(Connection& connection, const std::string& path, const Context& context);

struct NameInFolder {
  std::string name;
  Attributes attributes;
};
/// The names in several folders, read side by side, without "." and ".."; nothing for one that does not exist.
std::vector<std::optional<std::vector<NameInFolder>>> read_folders(Connection& connection,
                                                                   const std::vector<std::string>& paths,
                                                                   const Context& context);

}  // namespace dbsnap::sftp
