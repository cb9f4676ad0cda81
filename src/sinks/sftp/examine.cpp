#include "sinks/sftp/examine.hpp"

#include <fmt/format.h>

#include <string>

#include "base/free_space.hpp"

namespace dbsnap::sftp {
namespace {

Finding extension_finding(const Connection& connection, const char* extension, const std::string& check,
                          Severity severity, const std::string& with, const std::string& without) {
  if (connection.has_extension(extension)) return {Severity::ok, check, with, {}};
  return {severity, check, fmt::format("{}: the server lacks {}", without, extension), {}};
}

/// Room where the folder is, or will be: at the nearest folder above it that exists.
std::optional<Room> room_near(Connection& connection, std::string path, const Context& context) {
  for (;;) {
    if (auto room = room_at(connection, path, context)) return room;
    const auto slash = path.rfind('/');
    if (path == "/" || path == ".") return std::nullopt;
    path = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  }
}

Finding space_finding(Connection& connection, const RemoteFolder& folder, const Context& context) {
  const auto room = room_near(connection, folder.path(), context);
  if (!room || room->total == 0) {
    return {Severity::note, "free-space", "the server does not say how much room is left", {}};
  }
  return free_space_finding(room->total, room->free);
}

}  // namespace

std::vector<Finding> examine_server(ConnectionPool& pool, const RemoteFolder& folder, const Context& context) {
  try {
    const auto connection = pool.lease(context);
    std::vector<Finding> findings;
    findings.push_back({Severity::ok, "server", connection->banner(), {}});
    findings.push_back(extension_finding(*connection, kHardlink, "atomic-create", Severity::warning,
                                         "the server decides which of several writers creates an object",
                                         "a prune cannot fence writers that have died"));
    findings.push_back(extension_finding(*connection, kFsync, "durable-writes", Severity::warning,
                                         "objects are on the server's disk when they are reported as stored",
                                         "what was stored last may be lost when the server loses power"));
    findings.push_back(extension_finding(*connection, kPosixRename, "atomic-replace", Severity::note,
                                         "an object is replaced in one step", "no object can be replaced"));
    findings.push_back(space_finding(*connection, folder, context));
    return findings;
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::deadline_exceeded) throw;
    return {{Severity::failure, "server", failure.message() + ": " + failure.why(), failure.hint()}};
  }
}

}  // namespace dbsnap::sftp
