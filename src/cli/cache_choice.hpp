// Where this run keeps its cache of what remote repositories hold.
#pragma once

#include <optional>
#include <string>

#include "dbsnap/cache.hpp"

namespace CLI {
class App;
}

namespace dbsnap::cli {

/// As given on the command line.
struct CacheChoice {
  std::string folder;
  std::string size;
  bool none = false;
};

/// Adds --cache-dir, --cache-size and --no-cache.
void add_cache_options(CLI::App& verb, CacheChoice& choice);

/// The cache to use: --cache-dir, else DBSNAP_CACHE_DIR, XDG_CACHE_HOME/dbsnap or HOME/.cache/dbsnap. Nothing with
/// --no-cache, and where none of these is set. Throws Error{invalid_argument} for a size it cannot read.
std::optional<CacheOptions> chosen_cache(const CacheChoice& choice);

}  // namespace dbsnap::cli
