// The folders of a repository on the server: made where they are missing, and rid of what dead writers left.
#include <algorithm>
#include <vector>

#include "sinks/sftp/remote_folder.hpp"

namespace dbsnap::sftp {
namespace {

constexpr std::uint32_t kPermissionBits = 0777;
constexpr std::uint32_t kOwnerFolder = 0700;
constexpr std::uint32_t kOwnerFile = 0600;
constexpr std::uint32_t kReadableByOthers = 0044;
/// Seconds for which a temporary file was not written to before it counts as left over. By the server's clock alone; a
/// writer whose file is removed all the same stores nothing and begins again, so a wrong clock costs time, not safety.
constexpr std::uint32_t kOrphanAge = 3600;

}  // namespace

std::uint32_t RemoteFolder::folder_mode() {
  const std::scoped_lock lock(mutex_);
  return kOwnerFolder | (mode_ & kPermissionBits);
}

std::uint32_t RemoteFolder::file_mode() {
  const std::scoped_lock lock(mutex_);
  return kOwnerFile | (mode_ & kReadableByOthers);
}

void RemoteFolder::forget_folders() {
  const std::scoped_lock lock(mutex_);
  prepared_ = false;
  known_.clear();
}

void RemoteFolder::prepare(Connection& connection, const Context& context) {
  bool sweep = false;
  {
    const std::scoped_lock lock(mutex_);
    if (prepared_) return;
    sweep = !std::exchange(swept_, true);
  }
  make_root(connection, context);
  make_folder(connection, path_of(kTempFolder), context);
  if (sweep) remove_orphans(connection, context);
  const std::scoped_lock lock(mutex_);
  prepared_ = true;
}

void RemoteFolder::make_root(Connection& connection, const Context& context) {
  auto present = look_behind(connection, path_, context);
  if (!present) {
    // Those that exist already are refused, which does no harm.
    Pending<std::string> made(connection);
    for (auto slash = path_.find('/', 1); slash != std::string::npos; slash = path_.find('/', slash + 1)) {
      made.add(send_make_folder(connection, path_.substr(0, slash), kOwnerFolder), {});
    }
    while (!made.empty()) (void)made.next(context);
    make_folder(connection, path_, context);
    present = look_behind(connection, path_, context);
  }
  if (!present || !present->is_folder()) {
    throw Error(ErrorCode::io, path_ + " on " + connection.login().place() + " is not a folder").with("path", path_);
  }
  const std::scoped_lock lock(mutex_);
  mode_ = present->mode.value_or(kOwnerFolder) & kPermissionBits;
}

void RemoteFolder::make_folder(Connection& connection, const std::string& path, const Context& context) {
  const Reply made = connection.await(send_make_folder(connection, path, folder_mode()), context);
  if (made.status() == Status::ok) return;
  const auto present = look_behind(connection, path, context);
  if (present && present->is_folder()) return;
  if (present) throw Error(ErrorCode::io, path + " on " + connection.login().place() + " is not a folder");
  const Error refused = refusal(made, connection, "make folder", path);
  // Said of a place that must exist.
  if (refused.code() != ErrorCode::not_found) throw refused;
  throw Error(ErrorCode::io, refused.message())
      .why(refused.why())
      .native_code(refused.native_code())
      .with("path", path);
}

void RemoteFolder::make_folders_of(Connection& connection, const std::string& key, const Context& context) {
  const auto last = key.rfind('/');
  if (last == std::string::npos) return;
  const std::string folder = key.substr(0, last);
  {
    const std::scoped_lock lock(mutex_);
    if (known_.contains(folder)) return;
  }
  Pending<std::string> made(connection);
  for (auto slash = folder.find('/'); slash != std::string::npos; slash = folder.find('/', slash + 1)) {
    made.add(send_make_folder(connection, path_of(folder.substr(0, slash)), folder_mode()), {});
  }
  while (!made.empty()) (void)made.next(context);
  make_folder(connection, path_of(folder), context);
  const std::scoped_lock lock(mutex_);
  known_.insert(folder);
}

void RemoteFolder::remove_orphans(Connection& connection, const Context& context) {
  const auto folders = read_folders(connection, {path_of(kTempFolder)}, context);
  if (!folders[0] || folders[0]->empty()) return;
  // A file that is made now tells what the server's clock says.
  const std::string clock = new_temp_path();
  const Reply created = connection.await(send_create(connection, clock, kOwnerFile), context);
  const auto file = handle_of(connection, created);
  if (!file) return;
  const std::uint32_t now = look_at(connection, *file, clock, context).modified.value_or(0);
  Pending<std::string> removed(connection);
  removed.add(send_remove(connection, clock), clock);
  for (const NameInFolder& each : *folders[0]) {
    const std::uint32_t modified = each.attributes.modified.value_or(now);
    if (!each.attributes.is_file() || modified > now || now - modified < kOrphanAge) continue;
    removed.add(send_remove(connection, path_of(std::string(kTempFolder) + "/" + each.name)), each.name);
  }
  // One that cannot be removed, another user's perhaps, costs room and not safety.
  while (!removed.empty()) (void)removed.next(context);
}

}  // namespace dbsnap::sftp
