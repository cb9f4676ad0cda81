#include "sinks/sftp/remote_folder.hpp"

#include "base/random.hpp"

namespace dbsnap::sftp {
namespace {

constexpr std::size_t kNameBytes = 16;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// A temporary name; removed at the end, without waiting for the answer.
class TempName {
 public:
  TempName(Connection& connection, std::string path) : connection_(&connection), path_(std::move(path)) {}
  ~TempName() {
    if (connection_ == nullptr) return;
    try {
      connection_->ignore(send_remove(*connection_, path_));
    } catch (const Error&) {
      // What stays behind is harmless, and a later writer removes it.
      connection_ = nullptr;
    }
  }
  TempName(TempName&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), path_(std::move(other.path_)) {}
  TempName& operator=(TempName&&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  Connection* connection_;
  std::string path_;
};

/// The server's system says that its disk is full, and this version of the protocol has no word for it.
Error write_failure(Connection& connection, const Error& failure, const std::string& key, const std::string& path,
                    std::size_t size, const Context& context) {
  bool full = failure.code() == ErrorCode::no_space;
  std::string free;
  if (failure.code() == ErrorCode::io) {
    if (const auto room = room_at(connection, path, context)) {
      full = room->free < size;
      free = "; " + std::to_string(room->free) + " bytes are free there";
    }
  }
  return Error(full ? ErrorCode::no_space : failure.code(),
               "cannot store " + key + " on " + connection.login().place() + (full ? ": no space is left" : ""))
      .why(failure.why() + free)
      .native_code(failure.native_code())
      .with("object", key);
}

Error name_taken(const std::string& key) {
  return Error(ErrorCode::io, "cannot put " + key + ": something else has its name")
      .had_no_effect()
      .with("object", key);
}

}  // namespace

struct RemoteFolder::Draft {
  TempName name;
  RemoteHandle file;
};

std::string RemoteFolder::path_of(std::string_view key) const {
  return (path_ == "/" ? "" : path_) + "/" + std::string(key);
}

std::string RemoteFolder::new_temp_path() const {
  return path_of(std::string(kTempFolder) + "/" + random_hex(kNameBytes));
}

PutResult RemoteFolder::put(Connection& connection, std::string_view key, ByteView bytes, bool if_absent,
                            const Context& context) {
  const std::string name(key);
  if (if_absent && !connection.has_extension(kHardlink)) {
    throw Error(ErrorCode::unsupported, connection.login().place() + " cannot store " + name + " only if it is absent")
        .why("the server lacks " + std::string(kHardlink))
        .had_no_effect()
        .with("object", name);
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto draft = without_effect([&] { return write_draft(connection, name, bytes, context); });
    const auto result = draft ? place(connection, *draft, name, if_absent, context) : std::nullopt;
    if (result) return *result;
    forget_folders();
  }
  throw Error(ErrorCode::io, "cannot store " + name + " on " + connection.login().place())
      .why("its folder or its temporary file was removed meanwhile, twice")
      .retryable()
      .had_no_effect()
      .with("object", name);
}

std::optional<RemoteFolder::Draft> RemoteFolder::write_draft(Connection& connection, const std::string& key,
                                                             ByteView bytes, const Context& context) {
  prepare(connection, context);
  make_folders_of(connection, key, context);
  const std::string temp = new_temp_path();
  const Reply created = connection.await(send_create(connection, temp, file_mode()), context);
  auto file = handle_of(connection, created);
  if (!file && is_absence(created.status())) return std::nullopt;
  try {
    if (!file) throw refusal(created, connection, "create", temp);
    Draft draft{TempName(connection, temp), std::move(*file)};
    write_all(connection, draft.file, temp, bytes, context);
    if (connection.has_extension(kFsync)) {
      const Reply synced = connection.await(send_fsync(connection, draft.file), context);
      if (synced.status() != Status::ok) throw refusal(synced, connection, "fsync", temp);
    }
    context.check();
    return draft;
  } catch (const Error& failure) {
    // The others are not about the file.
    const ErrorCode code = failure.code();
    if (code != ErrorCode::io && code != ErrorCode::no_space && code != ErrorCode::access_refused) throw;
    throw write_failure(connection, failure, key, path_, bytes.size(), context);
  }
}

std::optional<PutResult> RemoteFolder::place(Connection& connection, const Draft& draft, const std::string& key,
                                             bool if_absent, const Context& context) {
  const std::string target = path_of(key);
  const bool syncs = connection.has_extension(kFsync);
  const auto give_name = if_absent ? send_link : connection.has_extension(kPosixRename) ? send_replace : send_rename;
  const RequestId named = give_name(connection, draft.name.path(), target);
  // Folders cannot be fsynced over SFTP. But the name was made in the same transaction of the file system's journal as
  // a change of the file's own record, so this brings both to the disk wherever there is such a journal.
  const RequestId synced = syncs ? send_fsync(connection, draft.file) : 0;
  const Reply answer = connection.await(named, context);
  const Reply durable = syncs ? connection.await(synced, context) : Reply{};
  if (answer.status() == Status::ok) {
    if (durable.status() != Status::ok) throw refusal(durable, connection, "fsync", target);
    return PutResult::stored;
  }
  return without_effect([&]() -> std::optional<PutResult> {
    if (!is_absence(answer.status())) return judge(connection, answer, key, if_absent, context);
    const auto folder = look_at(connection, parent_of(target), context);
    if (folder && !folder->is_folder()) throw name_taken(key);
    return std::nullopt;
  });
}

PutResult RemoteFolder::judge(Connection& connection, const Reply& refused, const std::string& key, bool if_absent,
                              const Context& context) {
  const std::string target = path_of(key);
  const auto present = look_at(connection, target, context);
  if (present && !present->is_file()) throw name_taken(key);
  if (present && if_absent) {
    // Who put it may not have come as far as making it durable.
    const Reply opened = connection.await(send_open(connection, target), context);
    const auto file = handle_of(connection, opened);
    if (!file && !is_absence(opened.status())) throw refusal(opened, connection, "open", target);
    if (file && connection.has_extension(kFsync)) {
      const Reply synced = connection.await(send_fsync(connection, *file), context);
      if (synced.status() != Status::ok) throw refusal(synced, connection, "fsync", target);
    }
    return PutResult::already_exists;
  }
  if (present && !connection.has_extension(kPosixRename)) {
    throw Error(ErrorCode::unsupported, connection.login().place() + " cannot replace " + key)
        .why("the server lacks " + std::string(kPosixRename))
        .with("object", key);
  }
  if (if_absent && !has_hard_links(connection, context)) {
    throw Error(ErrorCode::unsupported, connection.login().place() + " cannot store " + key + " only if it is absent")
        .why("the file system of " + path_ + " has no hard links")
        .with("object", key);
  }
  throw refusal(refused, connection, "give its name to", target);
}

bool RemoteFolder::has_hard_links(Connection& connection, const Context& context) {
  const TempName first(connection, new_temp_path());
  const TempName second(connection, new_temp_path());
  const Reply created = connection.await(send_create(connection, first.path(), file_mode()), context);
  const auto file = handle_of(connection, created);
  if (!file) return true;
  return connection.await(send_link(connection, first.path(), second.path()), context).status() == Status::ok;
}

}  // namespace dbsnap::sftp
