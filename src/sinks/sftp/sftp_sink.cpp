// Sink over a folder on an SSH server.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/object_key.hpp"
#include "base/registry.hpp"
#include "base/url.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/sinks/sftp.hpp"
#include "sinks/sftp/connection_pool.hpp"
#include "sinks/sftp/examine.hpp"
#include "sinks/sftp/remote_folder.hpp"
#include "sinks/sftp/url_options.hpp"

namespace dbsnap {
namespace sftp {
namespace {

constexpr std::size_t kFoldersAtOnce = 32;
constexpr std::size_t kRemovalsAtOnce = 32;
/// Memory is taken for what the server says that a file holds; objects are far smaller.
constexpr std::uint64_t kLargestFile = 1024 * 1024 * 1024;

class SftpSink final : public Sink {
 public:
  SftpSink(SftpOptions options, std::string url)
      : url_(std::move(url)), folder_(options.folder), pool_(std::move(options)) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    require_object_key(key);
    const auto connection = without_effect([&] { return pool_.lease(context); });
    return folder_.put(*connection, key, bytes, options.if_absent, context);
  }

  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override;
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override;
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override;
  void remove(std::string_view key, const Context& context) override;
  void remove_all(std::span<const std::string> keys, const Context& context) override;

  [[nodiscard]] SinkCapabilities capabilities() const override { return {.parallel = pool_.login().options.parallel}; }
  std::vector<Finding> examine(const Context& context) override { return examine_server(pool_, folder_, context); }
  [[nodiscard]] std::string url() const override { return url_; }

 private:
  [[nodiscard]] Error absent(std::string_view key) const {
    return Error(ErrorCode::not_found, "no object " + std::string(key) + " in " + url_)
        .with("object", std::string(key));
  }
  /// Reads these folders; their objects go to `found`, the folders in them to `paths`.
  void read_wave(const std::vector<std::string>& wave, std::string_view prefix, std::vector<ObjectInfo>& found,
                 std::vector<std::string>& paths, const Context& context);
  void require_folder(const Context& context);

  const std::string url_;
  RemoteFolder folder_;
  ConnectionPool pool_;
};

Bytes SftpSink::get(std::string_view key, const ByteRange& range, const Context& context) {
  require_object_key(key);
  const auto connection = pool_.lease(context);
  const std::string path = folder_.path_of(key);
  const Reply opened = connection->await(send_open(*connection, path), context);
  const auto file = handle_of(*connection, opened);
  if (!file && is_absence(opened.status())) throw absent(key);
  if (!file) {
    const auto present = look_at(*connection, path, context);
    if (present && present->is_folder()) throw absent(key);
    throw refusal(opened, *connection, "open", path);
  }
  const Attributes attributes = look_at(*connection, *file, path, context);
  if (!attributes.is_file()) throw absent(key);
  const std::uint64_t size = *attributes.size;
  if (size > kLargestFile) throw Error(ErrorCode::io, path + " is larger than any object").with("path", path);
  const std::uint64_t begin = std::min(range.offset, size);
  return read_exactly(*connection, *file, path, begin, std::min(range.length, size - begin), context);
}

std::optional<ObjectInfo> SftpSink::stat(std::string_view key, const Context& context) {
  require_object_key(key);
  const auto connection = pool_.lease(context);
  const auto present = look_behind(*connection, folder_.path_of(key), context);
  if (!present || !present->is_file()) return std::nullopt;
  return ObjectInfo{std::string(key), *present->size};
}

void SftpSink::require_folder(const Context& context) {
  const auto connection = pool_.lease(context);
  const auto present = look_behind(*connection, folder_.path(), context);
  if (present && !present->is_folder()) {
    throw Error(ErrorCode::io, folder_.path() + " on " + pool_.login().place() + " is not a folder")
        .with("path", folder_.path());
  }
}

void SftpSink::read_wave(const std::vector<std::string>& wave, std::string_view prefix, std::vector<ObjectInfo>& found,
                         std::vector<std::string>& paths, const Context& context) {
  std::vector<std::string> full;
  full.reserve(wave.size());
  for (const std::string& path : wave) full.push_back(path.empty() ? folder_.path() : folder_.path_of(path));
  const auto connection = pool_.lease(context);
  const auto folders = read_folders(*connection, full, context);
  for (std::size_t n = 0; n < wave.size(); ++n) {
    if (!folders[n]) continue;
    for (const NameInFolder& each : *folders[n]) {
      // Names that no key has: the temporary folder, lost+found, what an operator put there.
      if (!is_object_key(each.name)) continue;
      const std::string key = wave[n] + each.name;
      if (!key.starts_with(prefix) && !prefix.starts_with(key)) continue;
      require_known(each.attributes, full[n] + "/" + each.name);
      if (each.attributes.is_link()) {
        throw Error(ErrorCode::access_refused,
                    full[n] + "/" + each.name + " is a symbolic link, which is not followed in a repository");
      }
      if (each.attributes.is_file() && key.starts_with(prefix)) found.push_back({key, *each.attributes.size});
      const std::string inside = key + "/";
      if (each.attributes.is_folder() && (inside.starts_with(prefix) || prefix.starts_with(inside))) {
        paths.push_back(inside);
      }
    }
  }
}

void SftpSink::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                    const Context& context) {
  context.check();
  // The last folder that the prefix names in full is where all the keys are.
  const auto slash = prefix.rfind('/');
  std::string start(slash == std::string_view::npos ? "" : prefix.substr(0, slash + 1));
  if (!start.empty() && !is_object_key(std::string_view(start).substr(0, slash))) return;
  bool first = true;
  std::vector<std::string> paths{std::move(start)};
  while (!paths.empty()) {
    const auto begin = paths.end() - static_cast<std::ptrdiff_t>(std::min(paths.size(), kFoldersAtOnce));
    const std::vector<std::string> wave(begin, paths.end());
    paths.erase(begin, paths.end());
    std::vector<ObjectInfo> found;
    read_wave(wave, prefix, found, paths, context);
    if (std::exchange(first, false) && found.empty() && paths.empty()) require_folder(context);
    // No connection is held meanwhile: the visitor may use the sink.
    for (const ObjectInfo& object : found) {
      context.check();
      if (!visitor(object)) return;
    }
  }
}

void SftpSink::remove(std::string_view key, const Context& context) {
  const std::string name(key);
  remove_all(std::span(&name, 1), context);
}

void SftpSink::remove_all(std::span<const std::string> keys, const Context& context) {
  for (const std::string& key : keys) require_object_key(key);
  const auto connection = pool_.lease(context);
  Pending<std::string> removals(*connection);
  const auto finish_one = [&] {
    const auto [reply, path] = removals.next(context);
    if (reply.status() == Status::ok || is_absence(reply.status())) return;
    const auto present = look_at(*connection, path, context);
    if (present && !present->is_folder()) throw refusal(reply, *connection, "remove", path);
  };
  for (const std::string& key : keys) {
    if (removals.size() == kRemovalsAtOnce) finish_one();
    std::string path = folder_.path_of(key);
    const RequestId id = send_remove(*connection, path);
    removals.add(id, std::move(path));
  }
  while (!removals.empty()) finish_one();
}

void require_valid(const SftpOptions& options) {
  const auto invalid = [](const std::string& what) {
    return Error(ErrorCode::invalid_argument, "an SFTP sink needs " + what);
  };
  if (options.host.empty() || options.host.find_first_of(std::string_view(" \0", 2)) != std::string::npos)
    throw invalid("the name of a host");
  if (options.user.empty()) throw invalid("the name of a user");
  if (options.folder.empty() || options.folder.find('\0') != std::string::npos) throw invalid("a folder");
  if (options.known_hosts.empty()) throw invalid("a known_hosts file");
  if (options.port == 0) throw invalid("a port");
  if (options.parallel < 1 || options.parallel > 64) throw invalid("1 to 64 connections");
  if (options.timeout.count() < 1 || options.connect_timeout.count() < 1)
    throw invalid("time limits of a second or more");
}

std::shared_ptr<Sink> make_sink(SftpOptions options, std::string url) {
  require_valid(options);
  return std::make_shared<SftpSink>(std::move(options), std::move(url));
}

}  // namespace
}  // namespace sftp

std::shared_ptr<Sink> make_sftp_sink(SftpOptions options) {
  while (options.folder.size() > 1 && options.folder.ends_with('/')) options.folder.pop_back();
  std::string url = sftp::url_of(options);
  return sftp::make_sink(std::move(options), std::move(url));
}

void register_sink_sftp(Registry& registry) {
  registry.add_sink({.name = "sftp",
                     .schemes = {"sftp"},
                     .open =
                         [](const Url& url, const Environment& environment) {
                           return sftp::make_sink(sftp::options_of(url, environment), url.redacted());
                         },
                     .remote = true});
}

}  // namespace dbsnap
