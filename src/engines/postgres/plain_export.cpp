#include "engines/postgres/plain_export.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/sql_splitter.hpp"
#include "engines/postgres/statement.hpp"
#include "engines/postgres/target_checks.hpp"

namespace dbsnap::postgres {
namespace {

/// Writes pieces one after the other.
class Output {
 public:
  explicit Output(EntryWriter& out) : out_(out) {}
  void write(ByteView bytes) {
    out_.write(offset_, bytes);
    offset_ += bytes.size();
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

 private:
  EntryWriter& out_;
  std::uint64_t offset_ = 0;
};

class EntryToOutput final : public EntryWriter {
 public:
  explicit EntryToOutput(Output& out) : out_(out) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override { out_.write(bytes); }

 private:
  Output& out_;
};

/// Lines of oid, offset and bytes become statements.
class LargeObjectsToOutput final : public EntryWriter {
 public:
  explicit LargeObjectsToOutput(Output& out) : out_(out) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t start = 0;
    for (std::size_t end = pending_.find('\n', searched_); end != std::string::npos; end = pending_.find('\n', start)) {
      put(std::string_view(pending_).substr(start, end - start));
      start = end + 1;
    }
    pending_.erase(0, start);
    searched_ = pending_.size();
  }

 private:
  void put(std::string_view line) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) {
      throw Error(ErrorCode::damaged, "entry " + std::string(kLargeObjects) + " holds a line that is none of its own");
    }
    out_.write("SELECT pg_catalog.lo_put(" + std::string(line.substr(0, first)) + ", " +
               std::string(line.substr(first + 1, second - first - 1)) + ", '" + std::string(line.substr(second + 1)) +
               "');\n");
  }

  Output& out_;
  std::string pending_;
  std::size_t searched_ = 0;
};

/// Definitions, but for privileges, which come late: an owner may have taken his own away, and what he may not do the
/// script could not do for him.
class DefinitionsToOutput final : public EntryWriter, public ScriptHandler {
 public:
  DefinitionsToOutput(Output& out, std::string& privileges) : out_(out), privileges_(privileges), splitter_(*this) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    splitter_.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void end() { splitter_.end(); }

  void statement(const std::string& sql) override {
    if (changes_privileges(sql)) {
      privileges_ += sql + "\n";
      return;
    }
    if (sql.starts_with("REFRESH MATERIALIZED VIEW") || sql.starts_with("CREATE EVENT TRIGGER")) give_privileges();
    out_.write(sql + "\n\n");
  }
  void begin_rows(const std::string& /*sql*/) override {
    throw Error(ErrorCode::damaged, "the definitions of the snapshot hold rows, which they never do");
  }
  void rows(std::string_view /*text*/) override {}
  void end_rows() override {}

  void give_privileges() { out_.write(std::exchange(privileges_, {}) + "\n"); }

 private:
  Output& out_;
  std::string& privileges_;
  SqlSplitter splitter_;
};

class ScriptExport {
 public:
  ScriptExport(SnapshotReader& reader, EntryWriter& out, const Context& context)
      : reader_(reader), out_(out), context_(context) {}

  void run() {
    if (find(kPreData) == nullptr) {
      throw Error(ErrorCode::not_found, "the snapshot has no entry " + std::string(kPreData));
    }
    const bool restricted = reader_.manifest().engine_facts.contains("psql_restrict");
    const std::string key = random_hex(16);
    if (restricted) out_.write("\\restrict " + key + "\n\n");
    // What tells such a file from any other, and a whole one from its beginning, as pg_dump has it.
    out_.write("--\n-- PostgreSQL database dump\n--\n\n");
    define(kPreData);
    for (const ManifestEntry* table : tables()) copy_table(*table);
    copy(kSequences);
    copy(kLargeObjectDefinitions);
    if (find(kLargeObjects) != nullptr) {
      LargeObjectsToOutput writer(out_);
      reader_.copy_entry(kLargeObjects, writer, context_);
    }
    define(kPostData);
    if (!privileges_.empty()) out_.write(privileges_);
    out_.write("\n--\n-- PostgreSQL database dump complete\n--\n\n");
    if (restricted) out_.write("\\unrestrict " + key + "\n");
  }

 private:
  [[nodiscard]] const ManifestEntry* find(std::string_view name) const {
    const auto& entries = reader_.manifest().entries;
    const auto found = std::ranges::find(entries, name, &ManifestEntry::name);
    return found == entries.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::vector<const ManifestEntry*> tables() const {
    std::vector<const ManifestEntry*> tables;
    for (const ManifestEntry& entry : reader_.manifest().entries) {
      if (entry.name.starts_with(kTablePrefix)) tables.push_back(&entry);
    }
    std::ranges::sort(tables, {}, &ManifestEntry::name);
    return tables;
  }

  void define(std::string_view name) {
    if (find(name) == nullptr) return;
    DefinitionsToOutput writer(out_, privileges_);
    reader_.copy_entry(name, writer, context_);
    writer.end();
  }

  void copy(std::string_view name) {
    if (find(name) == nullptr) return;
    EntryToOutput writer(out_);
    reader_.copy_entry(name, writer, context_);
    out_.write("\n");
  }

  void copy_table(const ManifestEntry& entry) {
    const std::string columns = fact_text(entry.facts, "columns");
    const std::string encoding = fact_text(reader_.manifest().engine_facts, "encoding");
    out_.write("COPY " + quoted(fact_text(entry.facts, "schema")) + "." + quoted(fact_text(entry.facts, "table")) +
               (columns.empty() ? "" : " (" + columns + ")") + " FROM stdin" +
               (encoding == "UTF8" || encoding == "SQL_ASCII" ? "" : " WITH (ENCODING " + literal(encoding) + ")") +
               ";\n");
    EntryToOutput writer(out_);
    reader_.copy_entry(entry.name, writer, context_);
    out_.write("\\.\n\n");
  }

  SnapshotReader& reader_;
  Output out_;
  const Context& context_;
  std::string privileges_;
};

}  // namespace

void export_script(SnapshotReader& reader, EntryWriter& out, const Context& context) {
  const auto& entries = reader.manifest().entries;
  if (std::ranges::find(entries, kScript, &ManifestEntry::name) != entries.end()) {
    return reader.copy_entry(kScript, out, context);
  }
  ScriptExport(reader, out, context).run();
}

}  // namespace dbsnap::postgres
