// Sink over a local folder: one file per object, written beside, fsynced, then given its name.
#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/object_key.hpp"
#include "base/registry.hpp"
#include "base/url.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/sinks/local.hpp"
#include "sinks/local/examine.hpp"
#include "sinks/local/folder.hpp"
#include "sinks/local/temp_area.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kSlice = 1024 * 1024;
constexpr mode_t kPermissionBits = 0777;
constexpr mode_t kReadableByOthers = 0044;
constexpr mode_t kOwnerFile = 0600;
constexpr mode_t kOwnerFolder = 0700;

/// Folder part and last segment of a key; the folder part is empty for a key without '/'.
std::pair<std::string_view, std::string_view> split_key(std::string_view key) {
  const auto slash = key.rfind('/');
  if (slash == std::string_view::npos) return {"", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

/// Calls `step` for each segment of `path` until it returns false.
template <typename Step>
void for_each_segment(std::string_view path, Step step) {
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    if (!step(segment)) return;
  }
}

mode_t folder_mode(const Folder& root) { return kOwnerFolder | (root.mode() & kPermissionBits); }

Folder temp_folder(const Folder& root) {
  if (auto folder = root.enter(kTempFolder)) return std::move(*folder);
  return root.enter_or_make(kTempFolder, folder_mode(root));
}

class LocalSink final : public Sink {
 public:
  explicit LocalSink(std::string folder) : root_path_(std::move(folder)) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override;
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override;
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override;
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override;
  void remove(std::string_view key, const Context& context) override;

  [[nodiscard]] SinkCapabilities capabilities() const override { return {.cheap_reads = true}; }
  std::vector<Finding> examine(const Context& /*context*/) override { return examine_folder(root_path_); }
  [[nodiscard]] std::string url() const override { return local_url("file", root_path_); }

 private:
  /// The folder of the object, or nothing when it or one above it does not exist.
  [[nodiscard]] std::optional<Folder> find_folder(std::string_view path) const;
  /// The same, made where missing; every folder's name is durable when this returns.
  Folder make_folder(std::string_view path, mode_t mode);
  /// The repository's own folder, made where missing and, once, rid of what dead writers left.
  Folder prepare_root();
  [[nodiscard]] bool is_durable(std::string_view path);

  const std::string root_path_;
  std::mutex mutex_;
  bool root_prepared_ = false;
  std::set<std::string, std::less<>> durable_folders_;
};

std::optional<Folder> LocalSink::find_folder(std::string_view path) const {
  std::optional<Folder> folder = Folder::open(root_path_);
  for_each_segment(path, [&](std::string_view segment) {
    if (folder) folder = folder->enter(segment);
    return folder.has_value();
  });
  return folder;
}

bool LocalSink::is_durable(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  return durable_folders_.contains(path);
}

Folder LocalSink::prepare_root() {
  const std::scoped_lock lock(mutex_);
  if (root_prepared_) {
    if (auto root = Folder::open(root_path_)) return std::move(*root);
    durable_folders_.clear();
  }
  Folder root = Folder::make_root(root_path_);
  remove_orphans(temp_folder(root));
  root_prepared_ = true;
  return root;
}

Folder LocalSink::make_folder(std::string_view path, mode_t mode) {
  if (is_durable(path)) {
    if (auto folder = find_folder(path)) return std::move(*folder);
  }
  std::optional<Folder> folder = Folder::open(root_path_);
  if (!folder) throw Error(ErrorCode::io, "folder " + root_path_ + " has vanished").with("path", root_path_);
  for_each_segment(path, [&](std::string_view segment) {
    folder = folder->enter_or_make(segment, mode);
    return true;
  });
  const std::scoped_lock lock(mutex_);
  durable_folders_.emplace(path);
  return std::move(*folder);
}

void write_durably(const PosixFile& file, ByteView bytes, const Context& context) {
  for (std::size_t at = 0; at < bytes.size(); at += kSlice) {
    context.check();
    const std::size_t size = std::min(kSlice, bytes.size() - at);
    file.pwrite(bytes.subspan(at, size), at);
    file.start_writeback(at, size);
  }
  file.sync();
}

PutResult LocalSink::put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) {
  require_object_key(key);
  context.check();
  const Folder root = prepare_root();
  const auto [path, last] = split_key(key);
  const std::string name(last);
  const Folder folder = make_folder(path, folder_mode(root));
  const NameKind present = folder.look_at(name).kind;
  if (present == NameKind::folder || present == NameKind::other) {
    throw Error(ErrorCode::io, "cannot put " + std::string(key) + ": something else has its name")
        .with("object", std::string(key));
  }
  bool stored = false;
  if (!options.if_absent || present == NameKind::absent) {
    const Folder temp = temp_folder(root);
    TempFile draft(temp, kOwnerFile | (root.mode() & kReadableByOthers));
    write_durably(draft.file(), bytes, context);
    context.check();
    stored = options.if_absent ? temp.place(draft.name(), folder, name) : temp.replace(draft.name(), folder, name);
    if (stored) draft.keep();
  }
  // Also for an object that was there already: who put it may not have come this far yet.
  folder.sync();
  return stored ? PutResult::stored : PutResult::already_exists;
}

Bytes LocalSink::get(std::string_view key, const ByteRange& range, const Context& context) {
  require_object_key(key);
  context.check();
  const auto [path, name] = split_key(key);
  const std::optional<Folder> folder = find_folder(path);
  const std::optional<PosixFile> file = folder ? folder->open_file(std::string(name)) : std::nullopt;
  if (!file) {
    throw Error(ErrorCode::not_found, "no object " + std::string(key) + " in " + root_path_)
        .with("object", std::string(key));
  }
  const std::uint64_t size = file->size();
  const std::uint64_t begin = std::min(range.offset, size);
  Bytes bytes(std::min(range.length, size - begin));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t slice = std::min(kSlice, bytes.size() - done);
    const std::size_t read = file->pread(MutableByteView(bytes).subspan(done, slice), begin + done);
    done += read;
    if (read < slice) break;
    context.check();
  }
  bytes.resize(done);
  return bytes;
}

std::optional<ObjectInfo> LocalSink::stat(std::string_view key, const Context& context) {
  require_object_key(key);
  context.check();
  const auto [path, name] = split_key(key);
  const std::optional<Folder> folder = find_folder(path);
  const NameInfo info = folder ? folder->look_at(std::string(name)) : NameInfo{};
  if (info.kind != NameKind::file) return std::nullopt;
  return ObjectInfo{std::string(key), info.size};
}

/// Walks a folder and those below it, leaving out what cannot hold `prefix`.
class Lister {
 public:
  Lister(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor, const Context& context)
      : prefix_(prefix), visitor_(visitor), context_(context) {}

  /// `path` is the folder's key with a '/' behind it, or empty. False when the visitor wants no more.
  bool walk(const Folder& folder, const std::string& path) {
    bool wanted = true;
    folder.for_each_name([&](const std::string& name) {
      context_.check();
      wanted = visit(folder, name, path + name);
      return wanted;
    });
    return wanted;
  }

 private:
  bool visit(const Folder& folder, const std::string& name, const std::string& key) {
    // Names that no key has: the temporary folder, lost+found, what an operator put there.
    if (!is_object_key(name) || !(key.starts_with(prefix_) || prefix_.starts_with(key))) return true;
    const NameInfo info = folder.look_at(name);
    if (info.kind == NameKind::file) return !key.starts_with(prefix_) || visitor_({key, info.size});
    if (info.kind != NameKind::folder || !may_hold_matches(key + "/")) return true;
    const std::optional<Folder> inner = folder.enter(name);
    return !inner || walk(*inner, key + "/");
  }

  [[nodiscard]] bool may_hold_matches(const std::string& path) const {
    return path.starts_with(prefix_) || prefix_.starts_with(path);
  }

  std::string_view prefix_;
  const std::function<bool(const ObjectInfo&)>& visitor_;
  const Context& context_;
};

void LocalSink::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                     const Context& context) {
  context.check();
  if (const auto root = Folder::open(root_path_)) Lister(prefix, visitor, context).walk(*root, "");
}

void LocalSink::remove(std::string_view key, const Context& context) {
  require_object_key(key);
  context.check();
  const auto [path, name] = split_key(key);
  const std::optional<Folder> folder = find_folder(path);
  if (!folder) return;
  folder->remove_file(std::string(name));
  // Also when it was absent already. A crash must not bring an object back after its removal was reported.
  folder->sync();
}

}  // namespace

std::shared_ptr<Sink> make_local_sink(LocalOptions options) {
  if (!options.folder.starts_with('/') || options.folder.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_argument, "the folder of a local sink must be an absolute path")
        .with("path", options.folder);
  }
  while (options.folder.size() > 1 && options.folder.ends_with('/')) options.folder.pop_back();
  return std::make_shared<LocalSink>(std::move(options.folder));
}

void register_sink_local(Registry& registry) {
  registry.add_sink({"local", {"file"}, [](const Url& url, const Environment& /*environment*/) {
                       return make_local_sink({local_path_of(url)});
                     }});
}

}  // namespace dbsnap
