// URLs of sources, targets and repositories as plain values, and how to show them without secrets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dbsnap {

/// A parsed URL. Every member is percent-decoded; to show one to people use redacted().
struct Url {
  std::string scheme;  ///< lower case; "file" for a plain path
  std::string user;
  std::string password;
  std::string host;  ///< without brackets; several hosts stay together, with their ports: "h1:26379,h2"
  std::optional<std::uint16_t> port;
  std::string path;                                       ///< with its leading '/', where there is one
  std::map<std::string, std::string, std::less<>> query;  ///< what follows '?'; "?quick" gives an empty value

  /// The URL as text, percent-encoded where needed. The password and the values of parameters that
  /// name a secret ("sslpassword", "secret_access_key") are replaced by "***".
  [[nodiscard]] std::string redacted() const;
};

/// Parses "scheme://user:password@host:port/path?name=value", "scheme:path" ("memory:", "env:NAME")
/// or a plain path, which is kept as it is: `path` of a Url with scheme "file", relative or not. A
/// path whose first segment looks like a scheme is written "./name:rest". '#' has no meaning here.
/// Throws Error{invalid_argument}; its text never holds anything that may be a secret.
Url parse_url(std::string_view text);

/// True when `text` would be taken as a plain path by parse_url.
[[nodiscard]] bool is_plain_path(std::string_view text) noexcept;

/// Path of a URL that names a file or folder of this machine. Throws Error{invalid_argument} when it
/// names a host other than "localhost", carries a user, port or parameter, or is not absolute.
std::string local_path_of(const Url& url);

/// "sqlite:///srv/my%20app.db" for ("sqlite", "/srv/my app.db").
std::string local_url(std::string_view scheme, std::string_view path);

/// True for names of parameters and variables whose values must not be shown.
[[nodiscard]] bool names_a_secret(std::string_view name);

}  // namespace dbsnap
