// The keys of an encrypted repository.
#include "dbsnap/json.hpp"
#include "dbsnap/repository.hpp"
#include "guard.hpp"
#include "handles.hpp"

using dbsnap::capi::context_of;
using dbsnap::capi::give_document;
using dbsnap::capi::guarded;
using dbsnap::capi::required;
using dbsnap::capi::required_text;
using dbsnap::capi::WipedPassword;

dbsnap_status dbsnap_repository_key_list(const dbsnap_repository* repository, const dbsnap_context* context,
                                         dbsnap_document** keys, dbsnap_error** error) {
  if (keys != nullptr) *keys = nullptr;
  return guarded(error, [&] {
    const auto found = required(repository, "repository").repository.keys(context_of(context));
    give_document(&required(keys, "keys"), dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_key_add(dbsnap_repository* repository, const char* password, const char* label,
                                        const dbsnap_context* context, dbsnap_document** key, dbsnap_error** error) {
  if (key != nullptr) *key = nullptr;
  return guarded(error, [&] {
    const std::string_view secret = required_text(password, "password");
    const std::string words = label == nullptr ? "" : label;
    const auto added = required(repository, "repository").repository.add_key(secret, words, context_of(context));
    give_document(key, dbsnap::to_json(added));
  });
}

dbsnap_status dbsnap_repository_key_change(dbsnap_repository* repository, const char* id, const char* password,
                                           const dbsnap_context* context, dbsnap_document** key, dbsnap_error** error) {
  if (key != nullptr) *key = nullptr;
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    const std::string_view secret = required_text(password, "password");
    const auto changed = required(repository, "repository").repository.change_key(name, secret, context_of(context));
    give_document(key, dbsnap::to_json(changed));
  });
}

dbsnap_status dbsnap_repository_key_remove(dbsnap_repository* repository, const char* id, bool force,
                                           const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    required(repository, "repository").repository.remove_key(name, {.force = force}, context_of(context));
  });
}

dbsnap_status dbsnap_repository_key_add_recovery(dbsnap_repository* repository, const char* label,
                                                 const dbsnap_context* context, char** code, dbsnap_document** key,
                                                 dbsnap_error** error) {
  if (code != nullptr) *code = nullptr;
  if (key != nullptr) *key = nullptr;
  return guarded(error, [&] {
    required(code, "code");
    const std::string words = label == nullptr ? "" : label;
    auto made = required(repository, "repository").repository.add_recovery_key(words, context_of(context));
    const WipedPassword wiped(made.code);
    give_document(key, dbsnap::to_json(made.key));
    *code = dbsnap::capi::copy_text(made.code);
  });
}
