#include "repo/places.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/url.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

std::optional<std::filesystem::path> local_place(const std::string& text) {
  const Url url = parse_url(text);
  // The path of a database server's URL is the name of a database.
  const bool server = url.scheme == "postgres" || url.scheme == "postgresql";
  if (server || !url.host.empty() || !url.path.starts_with('/')) return std::nullopt;
  std::error_code failure;
  const auto resolved = std::filesystem::weakly_canonical(url.path, failure);
  return (failure ? std::filesystem::path(url.path) : resolved).lexically_normal();
}

bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

void require_apart(const std::string& role, const std::string& url, const std::string& repository_url) {
  const auto place = local_place(url);
  const auto repository = local_place(repository_url);
  if (!place || !repository) return;
  const bool inside = lies_in(*place, *repository);
  if (!inside && !lies_in(*repository, *place)) return;
  const std::string text =
      inside ? "the " + role + " " + place->string() + " lies inside the repository folder " + repository->string()
             : "the repository folder " + repository->string() + " lies inside the " + role + " " + place->string();
  throw Error(ErrorCode::invalid_argument, text)
      .why("a repository folder holds nothing but the repository")
      .with(role, url)
      .with("repository", repository_url);
}

}  // namespace dbsnap
