#include "cli/cache_choice.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "cli/program.hpp"
#include "dbsnap/size.hpp"

namespace dbsnap::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string default_folder() {
  if (std::string own = variable("DBSNAP_CACHE_DIR"); !own.empty()) return own;
  if (const std::string shared = variable("XDG_CACHE_HOME"); shared.starts_with('/')) return shared + "/dbsnap";
  if (const std::string home = variable("HOME"); home.starts_with('/')) return home + "/.cache/dbsnap";
  return {};
}

}  // namespace

void add_cache_options(CLI::App& verb, CacheChoice& choice) {
  verb.add_option("--cache-dir", choice.folder,
                  "keep what a remote repository holds in this folder too, to send less next time (DBSNAP_CACHE_DIR; "
                  "default: ~/.cache/dbsnap)")
      ->type_name("FOLDER")
      ->group(kRepositoryGroup);
  verb.add_option("--cache-size", choice.size, "let the cache grow to this size; default 4G")
      ->type_name("SIZE")
      ->group(kRepositoryGroup);
  verb.add_flag("--no-cache", choice.none, "use no cache")->group(kRepositoryGroup);
}

std::optional<CacheOptions> chosen_cache(const CacheChoice& choice) {
  CacheOptions cache;
  if (!choice.size.empty()) cache.size_bytes = parse_size(choice.size, "--cache-size");
  cache.folder = choice.folder.empty() ? default_folder() : choice.folder;
  if (choice.none || cache.folder.empty()) return std::nullopt;
  cache.folder = std::filesystem::absolute(cache.folder).lexically_normal().string();
  return cache;
}

}  // namespace dbsnap::cli
