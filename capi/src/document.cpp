// Reports as JSON text, with access to single values by path.
#include <limits>

#include "dbsnap/json.hpp"
#include "guard.hpp"
#include "handles.hpp"

using dbsnap::capi::guarded;
using dbsnap::capi::required;
using Json = nlohmann::json;

const Json* dbsnap_document::find(std::string_view path) const {
  std::call_once(once, [&] { value = Json::parse(text); });
  try {
    const Json::json_pointer pointer{std::string(path)};
    return value.contains(pointer) ? &value.at(pointer) : nullptr;
  } catch (const Json::exception&) {  // a path that is none, such as "a/b" or an array index that is no number
    return nullptr;
  }
}

namespace dbsnap::capi {
namespace {

const Json& value_at(const dbsnap_document* document, const char* path) {
  const std::string_view place = required_text(path, "path");
  const Json* found = required(document, "document").find(place);
  if (found == nullptr) throw Error(ErrorCode::not_found, "no value " + std::string(place) + " in this document");
  return *found;
}

[[noreturn]] void wrong_type(const char* path, const char* wanted) {
  throw Error(ErrorCode::invalid_argument, "value " + std::string(path) + " is not " + wanted);
}

}  // namespace

void give_document(dbsnap_document** out, std::string json) {
  if (out != nullptr) *out = new dbsnap_document(std::move(json));
}

}  // namespace dbsnap::capi

using dbsnap::capi::value_at;
using dbsnap::capi::wrong_type;

void dbsnap_document_free(dbsnap_document* document) { delete document; }

const char* dbsnap_document_json(const dbsnap_document* document) {
  return document == nullptr ? "" : document->text.c_str();
}

size_t dbsnap_document_count(const dbsnap_document* document, const char* path) {
  size_t count = 0;
  guarded(nullptr, [&] {
    const Json& value = value_at(document, path);
    if (value.is_structured()) count = value.size();
  });
  return count;
}

dbsnap_status dbsnap_document_string(const dbsnap_document* document, const char* path, const char** value,
                                     dbsnap_error** error) {
  if (value != nullptr) *value = nullptr;
  return guarded(error, [&] {
    const Json& found = value_at(document, path);
    if (!found.is_string()) wrong_type(path, "text");
    required(value, "value") = found.get_ref<const std::string&>().c_str();
  });
}

dbsnap_status dbsnap_document_int(const dbsnap_document* document, const char* path, int64_t* value,
                                  dbsnap_error** error) {
  if (value != nullptr) *value = 0;
  return guarded(error, [&] {
    const Json& found = value_at(document, path);
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!found.is_number_integer() || (found.is_number_unsigned() && found.get<std::uint64_t>() > kLargest)) {
      wrong_type(path, "a whole number of 64 bits");
    }
    required(value, "value") = found.get<std::int64_t>();
  });
}

dbsnap_status dbsnap_document_bool(const dbsnap_document* document, const char* path, bool* value,
                                   dbsnap_error** error) {
  if (value != nullptr) *value = false;
  return guarded(error, [&] {
    const Json& found = value_at(document, path);
    if (!found.is_boolean()) wrong_type(path, "true or false");
    required(value, "value") = found.get<bool>();
  });
}

dbsnap_status dbsnap_document_time(const dbsnap_document* document, const char* path, int64_t* time_ns,
                                   dbsnap_error** error) {
  if (time_ns != nullptr) *time_ns = 0;
  return guarded(error, [&] {
    const Json& found = value_at(document, path);
    if (!found.is_string()) wrong_type(path, "a time");
    required(time_ns, "time_ns") = dbsnap::parse_time(found.get_ref<const std::string&>()).time_since_epoch().count();
  });
}
