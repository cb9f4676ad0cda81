#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/restore.hpp"
#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {
namespace {

constexpr int kInstructionsPerCheck = 10000;

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

int stop_wanted(void* context) {
  try {
    static_cast<const Context*>(context)->check();
    return 0;
  } catch (...) {
    return 1;
  }
}

/// Runs a check; its complaints go to `complaints`, which stays empty for a sound database.
int run_check(const Connection& connection, const char* sql, std::vector<std::string>& complaints) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(connection.handle(), sql, -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, StatementCloser> statement(raw);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(raw);
    if (code != SQLITE_ROW) break;
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
    const std::string line = text == nullptr ? "" : text;
    if (line != "ok") complaints.push_back(line);
  }
  return code == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(connection.handle());
}

Error damaged(const std::string& path, const std::string& words) {
  return Error(ErrorCode::damaged, path + " is not a sound database")
      .why(words)
      .hint("sqlite3 '" + path + "' 'PRAGMA integrity_check'")
      .with("path", path);
}

int compare_bytes(void* /*data*/, int a_size, const void* a, int b_size, const void* b) {
  const int order = std::memcmp(a, b, static_cast<std::size_t>(std::min(a_size, b_size)));
  return order != 0 ? order : a_size - b_size;
}

/// Stands in for a collation of the application. Its order is wrong, which quick_check does not look at.
void add_collation(void* /*data*/, sqlite3* handle, int /*encoding*/, const char* name) {
  sqlite3_create_collation(handle, name, SQLITE_UTF8, nullptr, compare_bytes);
}

/// A statement that the check needs more than this SQLite has: a function or a collation of the application.
bool lacks_application_code(int code) { return (code & 0xff) == SQLITE_ERROR; }

Connection open_for_check(const std::string& path) {
  Connection connection = Connection::open(path);
  const bool has_log = file_size_or_zero(path + "-wal") > 0;
  const int code = connection.execute("PRAGMA schema_version");
  const int primary = code & 0xff;
  if (!has_log && (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY)) return Connection::open_immutable(path);
  if (!has_log) connection.close_tidily();
  return connection;
}

}  // namespace

void check_database(const std::string& path, const Context& context) {
  context.check();
  const Connection connection = open_for_check(path);
  Context watched = context;
  sqlite3_progress_handler(connection.handle(), kInstructionsPerCheck, stop_wanted, &watched);
  std::vector<std::string> complaints;
  int code = run_check(connection, "PRAGMA integrity_check(20)", complaints);
  if (lacks_application_code(code)) {
    connection.execute("PRAGMA ignore_check_constraints = ON");
    sqlite3_collation_needed(connection.handle(), nullptr, add_collation);
    complaints.clear();
    code = run_check(connection, "PRAGMA quick_check(20)", complaints);
  }
  if ((code & 0xff) == SQLITE_INTERRUPT) context.check();
  const int primary = code & 0xff;
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) throw damaged(path, sqlite3_errmsg(connection.handle()));
  if (lacks_application_code(code)) {
    throw Error(ErrorCode::unsupported, "cannot check " + path + " without what its application adds to SQLite")
        .why(sqlite3_errmsg(connection.handle()))
        .with("path", path);
  }
  if (code != SQLITE_OK) throw connection.error(code, "check");
  if (complaints.empty()) return;
  std::string words;
  for (const std::string& line : complaints) words += (words.empty() ? "" : "; ") + line;
  throw damaged(path, words);
}

}  // namespace dbsnap::sqlite
