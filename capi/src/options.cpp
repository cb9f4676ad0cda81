// The options handle: values by key, checked against the table as they are set.
#include <nlohmann/json.hpp>

#include "guard.hpp"
#include "handles.hpp"
#include "option_table.hpp"

using dbsnap::capi::guarded;
using dbsnap::capi::OptionType;
using dbsnap::capi::OptionValue;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

namespace dbsnap::capi {
namespace {

/// Written through volatile so that the compiler cannot drop it as a dead store.
void overwrite(std::string& text) noexcept {
  volatile char* bytes = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = 0;
}

OptionValue& place_for(dbsnap_options* options, const char* key, OptionType type) {
  const OptionKey& known = option_key(required_text(key, "key"));
  if (known.type != type) {
    throw Error(ErrorCode::invalid_argument,
                "option " + std::string(known.key) + " is a " + std::string(name_of(known.type)));
  }
  auto& values = required(options, "options").values;
  OptionValue& place = values[std::string(known.key)];
  if (auto* text = std::get_if<std::string>(&place)) overwrite(*text);
  return place;
}

}  // namespace
}  // namespace dbsnap::capi

using dbsnap::capi::place_for;

dbsnap_options::~dbsnap_options() {
  for (auto& [key, value] : values) {
    if (auto* text = std::get_if<std::string>(&value)) dbsnap::capi::overwrite(*text);
  }
}

dbsnap_status dbsnap_options_create(dbsnap_options** options, dbsnap_error** error) {
  if (options != nullptr) *options = nullptr;
  return guarded(error, [&] { required(options, "options") = new dbsnap_options(); });
}

void dbsnap_options_free(dbsnap_options* options) { delete options; }

dbsnap_status dbsnap_options_set_string(dbsnap_options* options, const char* key, const char* value,
                                        dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string_view text = required_text(value, "value");
    place_for(options, key, OptionType::text) = std::string(text);
  });
}

dbsnap_status dbsnap_options_add_string(dbsnap_options* options, const char* key, const char* value,
                                        dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string_view text = required_text(value, "value");
    OptionValue& place = place_for(options, key, OptionType::list);
    if (!std::holds_alternative<std::vector<std::string>>(place)) place = std::vector<std::string>();
    std::get<std::vector<std::string>>(place).emplace_back(text);
  });
}

dbsnap_status dbsnap_options_set_int(dbsnap_options* options, const char* key, int64_t value, dbsnap_error** error) {
  return guarded(error, [&] { place_for(options, key, OptionType::number) = value; });
}

dbsnap_status dbsnap_options_set_bool(dbsnap_options* options, const char* key, bool value, dbsnap_error** error) {
  return guarded(error, [&] { place_for(options, key, OptionType::boolean) = value; });
}

dbsnap_status dbsnap_options_set_pointer(dbsnap_options* options, const char* key, void* value, dbsnap_error** error) {
  return guarded(error, [&] { place_for(options, key, OptionType::pointer) = value; });
}

dbsnap_status dbsnap_options_known(dbsnap_document** document, dbsnap_error** error) {
  if (document != nullptr) *document = nullptr;
  return guarded(error, [&] {
    required(document, "document");
    auto list = nlohmann::ordered_json::array();
    for (const auto& known : dbsnap::capi::option_keys()) {
      auto users = nlohmann::ordered_json::array();
      for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
        if ((known.used_by & bit) != 0) users.push_back(name_of(static_cast<dbsnap::capi::Operation>(bit)));
      }
      list.push_back({{"key", known.key}, {"type", name_of(known.type)}, {"used_by", users}, {"text", known.text}});
    }
    dbsnap::capi::give_document(document, list.dump());
  });
}
