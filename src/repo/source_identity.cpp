#include "repo/source_identity.hpp"

namespace dbsnap {

std::string identity_of(const SourceInfo& source, const std::string& source_name) {
  if (!source_name.empty()) return source.engine + "\nname\n" + source_name;
  return source.engine + "\nurl\n" + source.host + "\n" + source.url;
}

std::string source_key_in(const RepositoryState& to, const RepositoryState& from, const SourceInfo& source,
                          const std::string& key) {
  // A manifest does not say which of the two it was filed under.
  for (const std::string& identity : {identity_of(source, ""), identity_of(source, source.name)}) {
    if (from.keys.source_key(identity) == key) return to.keys.source_key(identity);
  }
  return to.keys.source_key(source.engine + "\nkey\n" + from.config.id + "\n" + key);
}

}  // namespace dbsnap
