// The engine handle and what a custom engine fills in: entries, facts, results, files.
#include "dbsnap/registry.hpp"
#include "engine_options.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "table_engine.hpp"

using dbsnap::Error;
using dbsnap::ErrorCode;
using dbsnap::capi::context_of;
using dbsnap::capi::guarded;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

namespace dbsnap::capi {
namespace {

static_assert(static_cast<int>(EntryKind::page_file) == DBSNAP_ENTRY_PAGE_FILE);
static_assert(static_cast<int>(EntryKind::stream) == DBSNAP_ENTRY_STREAM);

dbsnap_status set_fact(dbsnap_facts* facts, const char* key, FactValue value, dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string_view name = required_text(key, "key");
    required(facts, "facts").values.insert_or_assign(std::string(name), std::move(value));
  });
}

}  // namespace
}  // namespace dbsnap::capi

dbsnap_status dbsnap_engine_open(const char* url, dbsnap_engine** engine, dbsnap_error** error) {
  if (engine != nullptr) *engine = nullptr;
  return guarded(error, [&] {
    auto opened = dbsnap::open_engine(required_text(url, "url"));
    required(engine, "engine") = new dbsnap_engine{std::move(opened)};
  });
}

dbsnap_status dbsnap_engine_open_named(const char* name, const char* target, const dbsnap_options* options,
                                       dbsnap_engine** engine, dbsnap_error** error) {
  if (engine != nullptr) *engine = nullptr;
  return guarded(error, [&] {
    auto opened = dbsnap::capi::open_engine_with(required_text(name, "name"), required_text(target, "target"), options);
    required(engine, "engine") = new dbsnap_engine{std::move(opened)};
  });
}

dbsnap_status dbsnap_engine_open_all(const char* url, const dbsnap_context* context, dbsnap_engine_list** engines,
                                     dbsnap_error** error) {
  if (engines != nullptr) *engines = nullptr;
  return guarded(error, [&] {
    auto list = std::make_unique<dbsnap_engine_list>();
    for (auto& opened : dbsnap::open_engines(required_text(url, "url"), context_of(context))) {
      list->engines.push_back(std::make_unique<dbsnap_engine>(dbsnap_engine{std::move(opened)}));
    }
    required(engines, "engines") = list.release();
  });
}

size_t dbsnap_engine_list_size(const dbsnap_engine_list* engines) {
  return engines == nullptr ? 0 : engines->engines.size();
}

dbsnap_engine* dbsnap_engine_list_take(dbsnap_engine_list* engines, size_t index) {
  if (index >= dbsnap_engine_list_size(engines)) return nullptr;
  return engines->engines[index].release();
}

void dbsnap_engine_list_free(dbsnap_engine_list* engines) { delete engines; }

dbsnap_status dbsnap_engine_check(dbsnap_engine* engine, const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] { required(engine, "engine").snapshotter->check_restored(context_of(context)); });
}

dbsnap_status dbsnap_engine_create(const dbsnap_engine_table* table, void* user_data, dbsnap_engine** engine,
                                   dbsnap_error** error) {
  if (engine != nullptr) *engine = nullptr;
  return guarded(error, [&] {
    const auto copy = dbsnap::capi::copy_table(table, "the engine table");
    dbsnap::capi::check_table(copy);
    required(engine, "engine");
    auto made = dbsnap::capi::make_table_engine(copy);
    *engine = new dbsnap_engine{made};
    made->adopt(user_data);  // last: from here on nothing fails, so destroy runs only after success
  });
}

void dbsnap_engine_free(dbsnap_engine* engine) { delete engine; }

dbsnap_status dbsnap_entry_set(dbsnap_entry* entry, const char* name, dbsnap_entry_kind kind, int64_t size_hint,
                               void* reader, dbsnap_error** error) {
  return guarded(error, [&] {
    dbsnap_entry& next = required(entry, "entry");
    const std::string_view text = required_text(name, "name");
    if (next.is_set) throw Error(ErrorCode::invalid_argument, "entry " + next.entry.name + " was set already");
    if (kind != DBSNAP_ENTRY_PAGE_FILE && kind != DBSNAP_ENTRY_STREAM) {
      throw Error(ErrorCode::invalid_argument, "entry " + std::string(text) + " has no known kind");
    }
    next.entry.name = std::string(text);
    next.entry.kind = static_cast<dbsnap::EntryKind>(kind);
    if (size_hint >= 0) next.entry.size_hint = static_cast<std::uint64_t>(size_hint);
    next.reader = reader;
    next.is_set = true;
  });
}

dbsnap_facts* dbsnap_entry_facts(dbsnap_entry* entry) { return entry == nullptr ? nullptr : &entry->facts; }

dbsnap_facts* dbsnap_result_point(dbsnap_result* result) { return result == nullptr ? nullptr : &result->point; }

dbsnap_facts* dbsnap_result_facts(dbsnap_result* result) { return result == nullptr ? nullptr : &result->facts; }

dbsnap_status dbsnap_result_add_warning(dbsnap_result* result, const char* text, dbsnap_error** error) {
  return guarded(error, [&] { required(result, "result").warnings.emplace_back(required_text(text, "text")); });
}

dbsnap_status dbsnap_facts_set_string(dbsnap_facts* facts, const char* key, const char* value, dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string_view name = required_text(key, "key");
    const std::string_view text = required_text(value, "value");
    required(facts, "facts").values.insert_or_assign(std::string(name), std::string(text));
  });
}

dbsnap_status dbsnap_facts_set_int(dbsnap_facts* facts, const char* key, int64_t value, dbsnap_error** error) {
  return dbsnap::capi::set_fact(facts, key, value, error);
}

dbsnap_status dbsnap_facts_set_double(dbsnap_facts* facts, const char* key, double value, dbsnap_error** error) {
  return dbsnap::capi::set_fact(facts, key, value, error);
}

dbsnap_status dbsnap_facts_set_bool(dbsnap_facts* facts, const char* key, bool value, dbsnap_error** error) {
  return dbsnap::capi::set_fact(facts, key, value, error);
}

dbsnap_status dbsnap_input_read(dbsnap_input* input, uint8_t* out, size_t capacity, size_t* size,
                                const dbsnap_context* context, dbsnap_error** error) {
  if (size != nullptr) *size = 0;
  return guarded(error, [&] {
    auto* first = reinterpret_cast<std::byte*>(&required(out, "out"));
    required(size, "size") = required(input, "input").file->read({first, capacity}, context_of(context));
  });
}

dbsnap_status dbsnap_output_write(dbsnap_output* output, const uint8_t* bytes, size_t size, dbsnap_error** error) {
  return guarded(error, [&] {
    dbsnap_output& file = required(output, "output");
    if (size == 0) return;
    file.out.write(file.written, {reinterpret_cast<const std::byte*>(&required(bytes, "bytes")), size});
    file.written += size;
  });
}
