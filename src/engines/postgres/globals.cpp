#include "engines/postgres/globals.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/sql_splitter.hpp"
#include "engines/postgres/statement.hpp"

namespace dbsnap::postgres {
namespace {

class GlobalsWriter final : public EntryWriter, private ScriptHandler {
 public:
  GlobalsWriter(Connection& server, bool create, const Context& context)
      : server_(server), create_(create), context_(context), splitter_(*this) {}

  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    splitter_.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void end() { splitter_.end(); }

 private:
  void statement(const std::string& sql) override {
    if (!create_) return;
    const std::vector<std::string> tokens = tokens_of(sql, 3);
    if (tokens.size() < 3 || tokens[0] == "SET" || tokens[0] == "SELECT") return;
    const bool creates = tokens[0] == "CREATE";
    const std::string object = tokens[1] + " " + tokens[2];
    if (tokens[0] == "ALTER" && there_already_.contains(object)) return;
    try {
      server_.run(sql, "cannot create " + object, context_);
    } catch (const Error& error) {
      const std::string state = sqlstate_of(error);
      if (state.empty()) throw;
      constexpr std::string_view kDuplicate = "42710";
      if (creates) there_already_.insert(object);
      if (state != kDuplicate && context_.log) context_.log(LogLevel::warning, error.message() + ": " + error.why());
    }
  }
  void begin_rows(const std::string& /*sql*/) override {
    throw Error(ErrorCode::damaged, "the globals of the snapshot hold rows, which they never do");
  }
  void rows(std::string_view /*text*/) override {}
  void end_rows() override {}

  Connection& server_;
  bool create_;
  const Context& context_;
  SqlSplitter splitter_;
  std::set<std::string> there_already_;
};

}  // namespace

void handle_globals(Connection& server, SnapshotReader& reader, bool create, const Context& context) {
  const auto& entries = reader.manifest().entries;
  const bool held = std::ranges::find(entries, kGlobals, &ManifestEntry::name) != entries.end();
  if (create && !held) {
    throw Error(ErrorCode::not_found, "snapshot " + reader.manifest().id + " holds no roles or tablespaces to create");
  }
  if (!held) return;
  GlobalsWriter writer(server, create, context);
  reader.copy_entry(kGlobals, writer, context);
  writer.end();
}

}  // namespace dbsnap::postgres
