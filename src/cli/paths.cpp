// Compares places on this machine by their resolved paths.
#include "cli/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "dbsnap/error.hpp"

namespace dbsnap::cli {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_digit(text[i + 1]) : -1;
    const int low = escape ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool is_scheme(std::string_view text) {
  return text.size() > 1 && std::ranges::all_of(text, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
         });
}

/// Whether the path of such a URL is the name of a database, not of a file or folder.
bool is_server(std::string_view scheme) { return scheme == "postgres" || scheme == "postgresql"; }

/// The path a URL names on this machine, as text; nothing when it names another machine's, or no file at all.
std::optional<std::string> local_path(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || !is_scheme(url.substr(0, colon))) return std::string(url);
  if (is_server(url.substr(0, colon))) return std::nullopt;
  std::string_view rest = url.substr(colon + 1);
  if (!rest.starts_with("//")) return std::nullopt;
  rest.remove_prefix(2);
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  if (!rest.starts_with('/')) return std::nullopt;
  return percent_decoded(rest.substr(0, rest.find('?')));
}

}  // namespace

std::optional<std::filesystem::path> local_place(std::string_view url) {
  const std::optional<std::string> path = local_path(url);
  if (!path || path->empty()) return std::nullopt;
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(*path, failure);
  if (failure) return std::nullopt;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, failure);
  std::filesystem::path place = (failure ? absolute : resolved).lexically_normal();
  // "folder/" and "folder" are the same place.
  return place.has_filename() || !place.has_relative_path() ? place : place.parent_path();
}

bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

void require_source_apart(const std::string& source_url, const std::string& repository_url) {
  const auto source = local_place(source_url);
  const auto repository = local_place(repository_url);
  if (!source || !repository) return;
  if (lies_in(*source, *repository)) {
    throw Error(ErrorCode::invalid_argument, fmt::format("the source {} lies inside the repository folder {}",
                                                         source->string(), repository->string()))
        .why("a repository folder holds nothing but the repository")
        .with("source", source_url)
        .with("repository", repository_url);
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(*source, ignored) && lies_in(*repository, *source)) {
    throw Error(ErrorCode::invalid_argument, fmt::format("the repository folder {} lies inside the source {}",
                                                         repository->string(), source->string()))
        .why("every snapshot would hold the ones before it")
        .with("source", source_url)
        .with("repository", repository_url);
  }
}

void require_target_apart(const std::string& target_url, const std::string& repository_url) {
  const auto target = local_place(target_url);
  const auto repository = local_place(repository_url);
  if (!target || !repository || !lies_in(*target, *repository)) return;
  throw Error(ErrorCode::invalid_argument,
              fmt::format("the target {} lies inside the repository folder {}", target->string(), repository->string()))
      .why("a repository folder holds nothing but the repository")
      .with("target", target_url)
      .with("repository", repository_url);
}

std::string without_secrets(std::string_view url) {
  const std::string_view plain = url.substr(0, url.find('?'));
  const std::size_t scheme = plain.find("://");
  const std::size_t at = plain.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme) return std::string(plain);
  return std::string(plain.substr(0, scheme + 3)).append(plain.substr(at + 1));
}

std::string place_text(const std::string& url) {
  const std::optional<std::string> path = local_path(url);
  return path ? *path : url;
}

}  // namespace dbsnap::cli
