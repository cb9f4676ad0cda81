#include "base/url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/percent.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kPathExtra = "/:@!$&'()*+,;=";
constexpr std::string_view kHostExtra = ",:";
constexpr std::string_view kQueryExtra = "/:@!$'()*,;";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Length of the scheme in front of the first ':', or 0 for a plain path. One letter is no scheme.
std::size_t scheme_length(std::string_view text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2 || !is_letter(text[0])) return 0;
  const auto is_scheme_char = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  return std::ranges::all_of(text.substr(0, colon), is_scheme_char) ? colon : 0;
}

/// An error that shows nothing of the URL but its scheme: any other part may hold a secret.
Error bad_url(std::string_view scheme, std::string_view what) {
  return Error(ErrorCode::invalid_argument, "invalid " + std::string(scheme) + " URL: " + std::string(what));
}

std::string decode(std::string_view text, std::string_view scheme, std::string_view part) {
  auto decoded = percent_decode(text);
  if (!decoded) {
    throw bad_url(scheme, "'%' in the " + std::string(part) + " is not followed by two hex digits; write '%' as %25");
  }
  if (decoded->find('\0') != std::string::npos) {
    throw bad_url(scheme, "the " + std::string(part) + " holds a NUL byte");
  }
  return std::move(*decoded);
}

std::uint16_t parse_port(std::string_view text, std::string_view scheme) {
  std::uint16_t port = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || status != std::errc() || end != text.data() + text.size() || port == 0) {
    throw bad_url(scheme,
                  "the port is not a number from 1 to 65535; "
                  "write '/', '?', '@', ':' and '%' in a password as %2F, %3F, %40, %3A and %25");
  }
  return port;
}

void parse_host_and_port(std::string_view text, Url& url) {
  if (text.find(',') != std::string_view::npos) {
    url.host = decode(text, url.scheme, "host");
    return;
  }
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) throw bad_url(url.scheme, "']' is missing after the address");
    host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (!rest.empty() && !rest.starts_with(':')) throw bad_url(url.scheme, "only ':port' may follow ']'");
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  url.host = decode(host, url.scheme, "host");
  if (port) url.port = parse_port(*port, url.scheme);
}

void parse_authority(std::string_view authority, Url& url) {
  // A password may hold an '@' that its owner forgot to encode; a host never does.
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const auto colon = user_info.find(':');
    url.user = decode(user_info.substr(0, colon), url.scheme, "user name");
    if (colon != std::string_view::npos) {
      url.password = decode(user_info.substr(colon + 1), url.scheme, "password");
    }
  }
  parse_host_and_port(authority, url);
}

void parse_query(std::string_view text, Url& url) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    std::string name = decode(item.substr(0, equals), url.scheme, "parameters");
    std::string value;
    if (equals != std::string_view::npos) value = decode(item.substr(equals + 1), url.scheme, "parameters");
    if (name.empty()) throw bad_url(url.scheme, "a parameter has no name");
    if (!url.query.emplace(std::move(name), std::move(value)).second) {
      throw bad_url(url.scheme, "a parameter is given twice");
    }
  }
}

}  // namespace

Url parse_url(std::string_view text) {
  if (text.empty()) throw Error(ErrorCode::invalid_argument, "the URL or path is empty");
  Url url;
  const std::size_t length = scheme_length(text);
  if (length == 0) {
    if (text.find('\0') != std::string_view::npos) {
      throw Error(ErrorCode::invalid_argument, "the path holds a NUL byte");
    }
    url.scheme = "file";
    url.path = text;
    return url;
  }
  url.scheme = lower_case(text.substr(0, length));
  std::string_view rest = text.substr(length + 1);
  std::string_view query;
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(authority.size());
    parse_authority(authority, url);
    // "u:12/34@host": a '/' or '?' in a password ends the authority early and leaves the rest in the open.
    const bool split = rest.find('@') != std::string_view::npos || query.find('@') != std::string_view::npos;
    if (url.port && split && authority.find('@') == std::string_view::npos) {
      throw bad_url(url.scheme, "'@' stands behind the host; write '/', '?' and '@' in a password as %2F, %3F and %40");
    }
  }
  url.path = decode(rest, url.scheme, "path");
  parse_query(query, url);
  return url;
}

bool is_plain_path(std::string_view text) noexcept { return scheme_length(text) == 0; }

std::string Url::redacted() const {
  std::string text = scheme + ":";
  const bool has_authority = !user.empty() || !password.empty() || !host.empty() || port;
  if (has_authority || path.starts_with('/')) text += "//";
  if (!user.empty() || !password.empty()) {
    text += percent_encode(user, "");
    if (!password.empty()) text += ":***";
    text += "@";
  }
  const bool bare_address = host.find(':') != std::string::npos && host.find(',') == std::string::npos;
  text += bare_address ? "[" + percent_encode(host, kHostExtra) + "]" : percent_encode(host, "[]:,");
  if (port) text += ":" + std::to_string(*port);
  text += percent_encode(path, kPathExtra);
  char mark = '?';
  for (const auto& [name, value] : query) {
    text += mark + percent_encode(name, kQueryExtra);
    if (!value.empty()) text += "=" + (names_a_secret(name) ? "***" : percent_encode(value, kQueryExtra));
    mark = '&';
  }
  return text;
}

std::string local_path_of(const Url& url) {
  const std::string form = url.scheme + ":///absolute/path";
  if (!url.host.empty() && url.host != "localhost") {
    throw bad_url(url.scheme, "it names the host " + url.host + "; an absolute path is written " + form);
  }
  if (!url.user.empty() || !url.password.empty() || url.port || !url.query.empty()) {
    throw bad_url(url.scheme, "it takes no user, port or parameter; it is written " + form);
  }
  if (!url.path.starts_with('/')) throw bad_url(url.scheme, "its path is not absolute; it is written " + form);
  return url.path;
}

std::string local_url(std::string_view scheme, std::string_view path) {
  Url url;
  url.scheme = scheme;
  url.path = path;
  return url.redacted();
}

bool names_a_secret(std::string_view name) {
  const std::string lower = lower_case(name);
  const std::string_view view = lower;
  if (view.ends_with("file") || view.ends_with("command") || view.ends_with("path")) return false;
  static constexpr std::string_view kParts[] = {"pass", "pwd", "secret", "token", "signature", "credential", "apikey"};
  const auto holds = [&](std::string_view part) { return view.find(part) != std::string_view::npos; };
  return view == "key" || view.ends_with("_key") || view.ends_with("-key") || std::ranges::any_of(kParts, holds);
}

}  // namespace dbsnap
