// Sinks by URL, and sinks that are a user's table of functions.
#include "dbsnap/sink.hpp"

#include <exception>

#include "callback_context.hpp"
#include "dbsnap/doctor.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"

namespace dbsnap::capi {
namespace {

constexpr const char* kTable = "the sink table";

/// Carries a C++ visitor through a user's list function, and its exception back past it.
struct Visit {
  const std::function<bool(const ObjectInfo&)>& visitor;
  std::exception_ptr failure;

  static bool show(void* data, const char* key, uint64_t size) noexcept {
    auto& visit = *static_cast<Visit*>(data);
    try {
      return visit.visitor(ObjectInfo{std::string(required_text(key, "key")), size});
    } catch (...) {
      visit.failure = std::current_exception();
      return false;
    }
  }
};

class TableSink final : public Sink {
 public:
  explicit TableSink(const dbsnap_sink_table& table) : table_(table), url_(table.url) {}
  void adopt(void* user_data) { data_ = UserData(user_data, table_.destroy); }

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    bool exists = false;
    const auto handle = borrowed(context);
    run_callback("put of the custom sink", [&](dbsnap_error** error) {
      return table_.put(data_.get(), std::string(key).c_str(), reinterpret_cast<const uint8_t*>(bytes.data()),
                        bytes.size(), options.if_absent, &exists, &handle, error);
    });
    return exists && options.if_absent ? PutResult::already_exists : PutResult::stored;
  }

  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    dbsnap_buffer buffer;
    const auto handle = borrowed(context);
    run_callback("get of the custom sink", [&](dbsnap_error** error) {
      return table_.get(data_.get(), std::string(key).c_str(), range.offset, range.length, &buffer, &handle, error);
    });
    if (buffer.bytes.size() > range.length) {
      throw Error(ErrorCode::internal, "the custom sink gave more of " + std::string(key) + " than it was asked for");
    }
    return std::move(buffer.bytes);
  }

  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    bool exists = false;
    uint64_t size = 0;
    const auto handle = borrowed(context);
    run_callback("stat of the custom sink", [&](dbsnap_error** error) {
      return table_.stat(data_.get(), std::string(key).c_str(), &exists, &size, &handle, error);
    });
    return exists ? std::optional(ObjectInfo{std::string(key), size}) : std::nullopt;
  }

  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    Visit visit{visitor, nullptr};
    const auto handle = borrowed(context);
    dbsnap_error* error = nullptr;
    const dbsnap_status status =
        table_.list(data_.get(), std::string(prefix).c_str(), &Visit::show, &visit, &handle, &error);
    if (visit.failure) {
      dbsnap_error_free(error);
      std::rethrow_exception(visit.failure);
    }
    check_callback(status, error, "list of the custom sink");
  }

  void remove(std::string_view key, const Context& context) override {
    const auto handle = borrowed(context);
    run_callback("remove of the custom sink", [&](dbsnap_error** error) {
      return table_.remove(data_.get(), std::string(key).c_str(), &handle, error);
    });
  }

  [[nodiscard]] SinkCapabilities capabilities() const override {
    return {.if_absent = (table_.capabilities & DBSNAP_SINK_IF_ABSENT) != 0,
            .list_after_write = (table_.capabilities & DBSNAP_SINK_LIST_AFTER_WRITE) != 0,
            .cheap_reads = (table_.capabilities & DBSNAP_SINK_CHEAP_READS) != 0};
  }

  [[nodiscard]] std::string url() const override { return url_; }

 private:
  dbsnap_sink_table table_;
  std::string url_;
  UserData data_;
};

void check_table(const dbsnap_sink_table& table) {
  require_member(table.url, kTable, "url");
  require_member(table.put, kTable, "put");
  require_member(table.get, kTable, "get");
  require_member(table.stat, kTable, "stat");
  require_member(table.list, kTable, "list");
  require_member(table.remove, kTable, "remove");
}

}  // namespace
}  // namespace dbsnap::capi

using dbsnap::capi::guarded;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

dbsnap_status dbsnap_sink_open(const char* url, dbsnap_sink** sink, dbsnap_error** error) {
  if (sink != nullptr) *sink = nullptr;
  return guarded(error, [&] {
    auto opened = dbsnap::open_sink(required_text(url, "url"));
    required(sink, "sink") = new dbsnap_sink{std::move(opened)};
  });
}

dbsnap_status dbsnap_sink_create(const dbsnap_sink_table* table, void* user_data, dbsnap_sink** sink,
                                 dbsnap_error** error) {
  if (sink != nullptr) *sink = nullptr;
  return guarded(error, [&] {
    const auto copy = dbsnap::capi::copy_table(table, dbsnap::capi::kTable);
    dbsnap::capi::check_table(copy);
    required(sink, "sink");
    auto made = std::make_shared<dbsnap::capi::TableSink>(copy);
    *sink = new dbsnap_sink{made};
    made->adopt(user_data);  // last: from here on nothing fails, so destroy runs only after success
  });
}

dbsnap_status dbsnap_sink_examine(dbsnap_sink* sink, const dbsnap_options* options, const dbsnap_context* context,
                                  int* exit_code, dbsnap_document** report, dbsnap_error** error) {
  if (exit_code != nullptr) *exit_code = 0;
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const dbsnap::capi::OptionReader reader(options, dbsnap::capi::Operation::examine);
    const dbsnap::DoctorOptions settings{.write_trial = reader.boolean("write_trial", true)};
    const auto done = dbsnap::examine_store(*required(sink, "sink").sink, settings, dbsnap::capi::context_of(context));
    dbsnap::capi::give_document(report, dbsnap::to_json(done));
    if (exit_code != nullptr) *exit_code = done.exit_code();
  });
}

void dbsnap_sink_free(dbsnap_sink* sink) { delete sink; }

bool dbsnap_buffer_append(dbsnap_buffer* buffer, const uint8_t* bytes, size_t size) {
  const dbsnap_status status = guarded(nullptr, [&] {
    if (size == 0) return;
    const auto* first = reinterpret_cast<const std::byte*>(&required(bytes, "bytes"));
    auto& held = required(buffer, "buffer").bytes;
    held.insert(held.end(), first, first + size);
  });
  return status == DBSNAP_OK;
}
