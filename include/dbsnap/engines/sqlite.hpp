// The SQLite engine's own options, for services that hold a connection already.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "dbsnap/export.hpp"
#include "dbsnap/snapshotter.hpp"

struct sqlite3;

namespace dbsnap {

struct SqliteOptions {
  /// Absolute path of the database file, source or restore target. May stay empty where `connection` is given.
  std::string path = {};
  /// A live connection of the host's to read through instead of opening `path`. Borrowed: it must
  /// outlive the session, must have been opened with the same SQLite copy that dbsnap is linked
  /// with, must not be inside a transaction, and must not be used by another thread while the
  /// session reads. Null: the engine opens its own.
  sqlite3* connection = nullptr;
  /// Schema name of an attached database to back up: "main" or the name after ATTACH … AS. Other
  /// names than "main" need `connection`.
  std::string schema = "main";
  /// How long to wait for a lock another process holds.
  std::chrono::milliseconds busy_timeout{10000};
};

/// The engine for one SQLite database. Throws Error{invalid_argument} for a relative path.
DBSNAP_API std::unique_ptr<Snapshotter> make_sqlite_engine(SqliteOptions options);

}  // namespace dbsnap
