// Version, components and strings.
#include "dbsnap/version.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "dbsnap/registry.hpp"
#include "guard.hpp"
#include "handles.hpp"

const char* dbsnap_version(void) { return dbsnap::version(); }

int32_t dbsnap_repository_format(void) { return dbsnap::repository_format(); }

bool dbsnap_has_component(const char* name) {
  bool has = false;
  if (name != nullptr) dbsnap::capi::attempt([&] { has = dbsnap::has_component(name); });
  return has;
}

dbsnap_status dbsnap_components(dbsnap_document** document, dbsnap_error** error) {
  if (document != nullptr) *document = nullptr;
  return dbsnap::capi::guarded(error, [&] {
    dbsnap::capi::required(document, "document");
    auto list = nlohmann::ordered_json::array();
    for (const dbsnap::ComponentInfo& component : dbsnap::components()) {
      list.push_back({{"kind", component.kind}, {"name", component.name}, {"schemes", component.schemes}});
    }
    dbsnap::capi::give_document(document, list.dump());
  });
}

void dbsnap_string_free(char* text) { std::free(text); }
