#include "sinks/sftp/url_options.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <utility>

#include "base/posix_file.hpp"
#include "base/secret.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::sftp {
namespace {

constexpr std::array<std::string_view, 7> kParameters = {"connect_timeout", "identity",      "known_hosts", "parallel",
                                                         "passphrase_file", "password_file", "timeout"};
constexpr std::array<const char*, 3> kUsualKeys = {"id_ed25519", "id_ecdsa", "id_rsa"};
constexpr std::size_t kLongestSecret = 4096;
constexpr std::uint64_t kLongestTimeout = 24 * 60 * 60;

Error invalid(const std::string& what) { return {ErrorCode::invalid_argument, "invalid sftp URL: " + what}; }

void require_known_parameters(const Url& url) {
  for (const auto& [name, value] : url.query) {
    bool known = false;
    for (const std::string_view each : kParameters) known = known || each == name;
    if (known) continue;
    std::string list;
    for (const std::string_view each : kParameters) list += (list.empty() ? "" : ", ") + std::string(each);
    throw invalid("it has no parameter " + name + "; there are: " + list);
  }
}

std::string text_of(const Url& url, std::string_view name) {
  const auto found = url.query.find(name);
  return found == url.query.end() ? "" : found->second;
}

std::uint64_t number_of(const Url& url, std::string_view name, std::uint64_t otherwise, std::uint64_t most) {
  const std::string text = text_of(url, name);
  if (text.empty()) return otherwise;
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < 1 || number > most) {
    throw invalid(std::string(name) + " is a number from 1 to " + std::to_string(most));
  }
  return number;
}

/// The first line of a file.
std::string secret_in(const std::string& path) {
  const PosixFile file = PosixFile::open(path, O_RDONLY);
  std::array<std::byte, kLongestSecret> bytes{};
  const WipeAtEnd wiped(bytes);
  const std::size_t size = file.pread(bytes, 0);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), size);
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.empty())
    throw Error(ErrorCode::invalid_argument, "the file " + path + " holds no secret").with("path", path);
  return std::string(text);
}

/// From a file named in the URL, or the environment: NAME, or a file that NAME_FILE names.
std::string secret_of(const std::string& file, const Environment& environment, const std::string& variable) {
  if (!file.empty()) return secret_in(file);
  if (auto value = environment.get(variable)) return std::move(*value);
  if (const auto named = environment.get(variable + "_FILE")) return secret_in(*named);
  return {};
}

/// "/~/x" is x below the folder that the server starts this user in.
std::string folder_of_path(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path == "/~") return ".";
  if (path.starts_with("/~/")) return path.substr(3);
  if (path.size() < 2)
    throw invalid("it names no folder; write sftp://user@host/absolute/path or sftp://user@host/~/path");
  return path;
}

}  // namespace

SftpOptions options_of(const Url& url, const Environment& environment) {
  require_known_parameters(url);
  if (url.host.empty()) throw invalid("it names no host; write sftp://user@host/absolute/path");
  const std::string home = environment.get("HOME").value_or("");
  SftpOptions options;
  options.host = url.host;
  options.port = url.port.value_or(22);
  options.user = url.user;
  if (options.user.empty()) options.user = environment.get("USER").value_or("");
  if (options.user.empty()) throw invalid("it names no user; write sftp://user@host/absolute/path");
  options.folder = folder_of_path(url.path);
  options.known_hosts = text_of(url, "known_hosts");
  if (options.known_hosts.empty()) {
    if (home.empty()) throw invalid("it names no known_hosts file, and there is no HOME to look for one");
    options.known_hosts = home + "/.ssh/known_hosts";
  }
  options.password = url.password.empty()
                         ? secret_of(text_of(url, "password_file"), environment, "DBSNAP_SFTP_PASSWORD")
                         : url.password;
  options.passphrase = secret_of(text_of(url, "passphrase_file"), environment, "DBSNAP_SFTP_PASSPHRASE");
  options.parallel = static_cast<unsigned>(number_of(url, "parallel", options.parallel, 64));
  options.timeout = std::chrono::seconds(
      number_of(url, "timeout", static_cast<std::uint64_t>(options.timeout.count()), kLongestTimeout));
  options.connect_timeout = std::chrono::seconds(
      number_of(url, "connect_timeout", static_cast<std::uint64_t>(options.connect_timeout.count()), kLongestTimeout));
  // A key that is named is the one that is meant; servers count the others as failed attempts.
  if (const std::string identity = text_of(url, "identity"); !identity.empty()) {
    options.identities = {identity};
    return options;
  }
  options.agent = environment.get("SSH_AUTH_SOCK").value_or("");
  for (const char* name : kUsualKeys) {
    const std::string file = home + "/.ssh/" + name;
    if (!home.empty() && ::access(file.c_str(), R_OK) == 0) options.identities.push_back(file);
  }
  return options;
}

std::string url_of(const SftpOptions& options) {
  Url url;
  url.scheme = "sftp";
  url.user = options.user;
  url.host = options.host;
  if (options.port != 22) url.port = options.port;
  url.path = options.folder.starts_with('/') ? options.folder : "/~/" + options.folder;
  return url.redacted();
}

}  // namespace dbsnap::sftp
