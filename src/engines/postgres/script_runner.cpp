#include "engines/postgres/script_runner.hpp"

#include "engines/postgres/statement.hpp"

namespace dbsnap::postgres {
namespace {

/// An entry that is a script.
class ScriptWriter final : public EntryWriter {
 public:
  explicit ScriptWriter(ScriptHandler& handler) : splitter_(handler) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    splitter_.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void end() { splitter_.end(); }

 private:
  SqlSplitter splitter_;
};

void feed_entry(RestoreRun& run, std::string_view name, ScriptHandler& handler) {
  ScriptWriter writer(handler);
  run.reader().copy_entry(name, writer, run.context());
  writer.end();
}

class Runner final : public ScriptHandler {
 public:
  Runner(RestoreRun& run, std::vector<std::string>* later) : run_(run), later_(later) {}

  void statement(const std::string& sql) override {
    if (left_out(sql, run_.options(), run_.main().server_major())) return;
    // pg_dump puts them around large objects; within our own transaction they would end it.
    if (run_.transaction() && (sql == "BEGIN;" || sql == "COMMIT;")) return;
    if (is_about_databases(sql)) {
      throw Error(ErrorCode::unsupported, "the script makes or drops databases itself: " + beginning_of(sql))
          .why("it was written by pg_dump with --create, and could drop a database that is in use")
          .hint("pg_dump without --create, then dbsnap import");
    }
    if (later_ != nullptr && changes_privileges(sql)) {
      later_->push_back(sql);
    } else {
      run_.run_statement(run_.main(), sql, run_.context());
    }
  }
  void begin_rows(const std::string& sql) override {
    run_.main().begin_copy_in(sql, "cannot restore: " + beginning_of(sql), run_.context());
  }
  void rows(std::string_view text) override {
    run_.main().copy_in(std::as_bytes(std::span(text.data(), text.size())), run_.context());
  }
  void end_rows() override { run_.main().end_copy_in(run_.context()); }

 private:
  RestoreRun& run_;
  std::vector<std::string>* later_;
};

class Collector final : public ScriptHandler {
 public:
  explicit Collector(RestoreRun& run) : run_(run) {}

  void statement(const std::string& sql) override {
    if (!left_out(sql, run_.options(), run_.main().server_major())) statements.push_back(sql);
  }
  void begin_rows(const std::string& /*sql*/) override {
    throw Error(ErrorCode::damaged, "the definitions of the snapshot hold rows, which they never do");
  }
  void rows(std::string_view /*text*/) override {}
  void end_rows() override {}

  std::vector<std::string> statements;

 private:
  RestoreRun& run_;
};

}  // namespace

bool left_out(std::string_view sql, const PostgresOptions& options, int major) {
  // A newer pg_dump than the target's server writes settings that it does not know.
  if (sql.starts_with("SET transaction_timeout") && major < 17) return true;
  if (!options.tablespaces && sql.starts_with("SET default_tablespace = ")) return true;
  if (!options.owners && changes_owner(sql)) return true;
  return !options.privileges && changes_privileges(sql);
}

void run_script(RestoreRun& run, std::string_view name, std::vector<std::string>* later) {
  Runner runner(run, later);
  feed_entry(run, name, runner);
}

std::vector<std::string> read_statements(RestoreRun& run, std::string_view name) {
  Collector collector(run);
  feed_entry(run, name, collector);
  return std::move(collector.statements);
}

}  // namespace dbsnap::postgres
