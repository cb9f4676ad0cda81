// Calls a user's engine functions behind the C++ interfaces.
#include "table_engine.hpp"

#include "callback_context.hpp"
#include "dbsnap/json.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "shared_engine.hpp"

namespace dbsnap::capi {
namespace {

constexpr const char* kTable = "the engine table";

/// The table and the user's data. Sessions and readers share it: they may outlive the engine.
struct Calls {
  dbsnap_engine_table table;
  std::string engine;
  std::string url;
  std::string name;
  UserData data;

  [[noreturn]] void cannot(const char* what) const {
    throw Error(ErrorCode::unsupported, "the engine " + engine + " cannot " + what);
  }
};

/// A user's session. Its readers share it, so that it is freed after the last of them.
struct SessionData {
  std::shared_ptr<const Calls> calls;
  std::unique_ptr<dbsnap_input> file;  // of an import
  void* session = nullptr;
  bool begun = false;

  SessionData(std::shared_ptr<const Calls> shared, std::unique_ptr<dbsnap_input> input)
      : calls(std::move(shared)), file(std::move(input)) {}
  SessionData(const SessionData&) = delete;
  SessionData& operator=(const SessionData&) = delete;
  ~SessionData() {
    if (begun && calls->table.session_free != nullptr) calls->table.session_free(calls->data.get(), session);
  }
};

class TableReader final : public EntryReader {
 public:
  TableReader(std::shared_ptr<SessionData> session, void* reader) : session_(std::move(session)), reader_(reader) {}
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;
  ~TableReader() override {
    const Calls& calls = *session_->calls;
    if (calls.table.reader_free != nullptr) calls.table.reader_free(calls.data.get(), reader_);
  }

  std::size_t read(MutableByteView out, const Context& context) override {
    const Calls& calls = *session_->calls;
    const auto handle = borrowed(context);
    std::size_t size = 0;
    run_callback("read of the custom engine", [&](dbsnap_error** error) {
      return calls.table.read(calls.data.get(), reader_, reinterpret_cast<uint8_t*>(out.data()), out.size(), &size,
                              &handle, error);
    });
    if (size > out.size()) {
      throw Error(ErrorCode::internal,
                  "read of the engine " + calls.engine + " claims more bytes than there was room for");
    }
    return size;
  }

 private:
  std::shared_ptr<SessionData> session_;
  void* reader_;
};

class TableSession final : public Session {
 public:
  explicit TableSession(std::shared_ptr<SessionData> session) : session_(std::move(session)) {}

  std::optional<Entry> next(const Context& context) override {
    const Calls& calls = *session_->calls;
    const auto handle = borrowed(context);
    dbsnap_entry next;
    dbsnap_error* error = nullptr;
    const dbsnap_status status = calls.table.next(calls.data.get(), session_->session, &next, &handle, &error);
    // The entry's reader is the library's from the moment it was set, also when the callback fails afterwards.
    if (next.is_set) next.entry.reader = std::make_unique<TableReader>(session_, next.reader);
    check_callback(status, error, "next of the custom engine");
    if (!next.is_set) return std::nullopt;
    next.entry.facts = std::move(next.facts.values);
    return std::move(next.entry);
  }

  SessionResult finish(const Context& context) override {
    const Calls& calls = *session_->calls;
    const auto handle = borrowed(context);
    dbsnap_result result;
    run_callback("finish of the custom engine", [&](dbsnap_error** error) {
      return calls.table.finish(calls.data.get(), session_->session, &result, &handle, error);
    });
    return {.consistency_point = std::move(result.point.values),
            .facts = std::move(result.facts.values),
            .warnings = std::move(result.warnings)};
  }

 private:
  std::shared_ptr<SessionData> session_;
};

class TableEngineImpl final : public TableEngine {
 public:
  explicit TableEngineImpl(const dbsnap_engine_table& table)
      : calls_(std::make_shared<Calls>(
            Calls{table, table.engine, table.url, table.name != nullptr ? table.name : table.url, UserData()})) {}
  void adopt(void* user_data) override { calls_->data = UserData(user_data, calls_->table.destroy); }

  [[nodiscard]] SourceInfo describe() const override {
    return {.engine = calls_->engine, .url = calls_->url, .name = calls_->name, .host = {}};
  }

  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) override {
    const dbsnap_engine_table& table = calls_->table;
    if (table.begin == nullptr || table.next == nullptr || table.read == nullptr || table.finish == nullptr) {
      calls_->cannot("take snapshots");
    }
    std::optional<dbsnap_document> parent;
    if (request.parent != nullptr) parent.emplace(to_json(*request.parent));
    auto session = std::make_shared<SessionData>(calls_, nullptr);
    const auto handle = borrowed(context);
    run_callback("begin of the custom engine", [&](dbsnap_error** error) {
      return table.begin(calls_->data.get(), parent ? &*parent : nullptr, request.threads, &session->session, &handle,
                         error);
    });
    session->begun = true;
    return std::make_unique<TableSession>(std::move(session));
  }

  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override {
    if (calls_->table.restore == nullptr) calls_->cannot("restore");
    const dbsnap_reader source{nullptr, reader};
    const auto handle = borrowed(context);
    run_callback("restore of the custom engine", [&](dbsnap_error** error) {
      return calls_->table.restore(calls_->data.get(), &source, options.overwrite, &handle, error);
    });
  }

  void check_restored(const Context& context) override {
    if (calls_->table.check_restored == nullptr) calls_->cannot("check what it restored");
    const auto handle = borrowed(context);
    run_callback("check_restored of the custom engine", [&](dbsnap_error** error) {
      return calls_->table.check_restored(calls_->data.get(), &handle, error);
    });
  }

  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override {
    if (calls_->table.scratch_target == nullptr) calls_->cannot("restore into a folder");
    dbsnap_engine* made = nullptr;
    dbsnap_error* error = nullptr;
    const dbsnap_status status = calls_->table.scratch_target(calls_->data.get(), folder.c_str(), &made, &error);
    const std::unique_ptr<dbsnap_engine> owned(made);
    check_callback(status, error, "scratch_target of the custom engine");
    if (owned == nullptr) throw Error(ErrorCode::internal, "the engine " + calls_->engine + " made no scratch target");
    return std::make_unique<SharedEngine>(owned->snapshotter);
  }

  void export_plain(SnapshotReader& reader, EntryWriter& out, const Context& context) override {
    if (calls_->table.export_plain == nullptr) {
      Snapshotter::export_plain(reader, out, context);
      return;
    }
    const dbsnap_reader source{nullptr, reader};
    dbsnap_output output{out};
    const auto handle = borrowed(context);
    run_callback("export_plain of the custom engine", [&](dbsnap_error** error) {
      return calls_->table.export_plain(calls_->data.get(), &source, &output, &handle, error);
    });
  }

  std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context) override {
    const dbsnap_engine_table& table = calls_->table;
    if (table.begin_import == nullptr || table.next == nullptr || table.read == nullptr || table.finish == nullptr) {
      calls_->cannot("import plain files");
    }
    auto input = std::make_unique<dbsnap_input>(dbsnap_input{std::move(file)});
    auto session = std::make_shared<SessionData>(calls_, std::move(input));
    const auto handle = borrowed(context);
    run_callback("begin_import of the custom engine", [&](dbsnap_error** error) {
      return table.begin_import(calls_->data.get(), session->file.get(), &session->session, &handle, error);
    });
    session->begun = true;
    return std::make_unique<TableSession>(std::move(session));
  }

 private:
  std::shared_ptr<Calls> calls_;
};

}  // namespace

void check_table(const dbsnap_engine_table& table) {
  require_member(table.engine, kTable, "engine");
  require_member(table.url, kTable, "url");
  if (table.begin == nullptr && table.begin_import == nullptr && table.restore == nullptr) {
    throw Error(ErrorCode::invalid_argument, "the engine table has neither begin nor begin_import nor restore");
  }
}

std::shared_ptr<TableEngine> make_table_engine(const dbsnap_engine_table& table) {
  return std::make_shared<TableEngineImpl>(table);
}

}  // namespace dbsnap::capi
