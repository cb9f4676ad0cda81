#include "engines/sqlite/replaced_database.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/posix_file.hpp"
#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {
namespace {

Error target_busy(const std::string& path) {
  return Error(ErrorCode::target_busy, path + " is in use by another connection")
      .retryable()
      .hint("fuser -v '" + path + "'")
      .with("path", path);
}

/// Takes the locks of a file without SQLite's pager, which would recover the database on its way.
/// False when another connection stands in the way; a file that cannot be written is only read-locked.
bool take_locks(sqlite3* handle, sqlite3_file* file) {
  int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
  if (code == SQLITE_OK && sqlite3_db_readonly(handle, "main") == 0) {
    code = file->pMethods->xLock(file, SQLITE_LOCK_RESERVED);
    if (code == SQLITE_OK) code = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
  }
  return !is_busy(code);
}

void drop_locks(sqlite3_file* file) { file->pMethods->xUnlock(file, SQLITE_LOCK_NONE); }

/// A target that cannot be opened can still be replaced, when its folder allows it.
std::unique_ptr<Connection> open_if_possible(const std::string& path) {
  try {
    return std::make_unique<Connection>(Connection::open(path));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

void check_unlocked(const std::string& path) {
  const auto connection = open_if_possible(path);
  if (connection == nullptr) return;
  sqlite3_file* file = connection->database_file();
  const bool free = take_locks(connection->handle(), file);
  drop_locks(file);
  if (!free) throw target_busy(path);
}

ReplacedDatabase::ReplacedDatabase(const std::string& path, const Context& context) : path_(path) {
  context.check();
  connection_ = open_if_possible(path_);
  if (connection_ != nullptr && !settle()) lock_only();
}

ReplacedDatabase::~ReplacedDatabase() {
  if (raw_lock_) drop_locks(connection_->database_file());
}

bool ReplacedDatabase::settle() {
  // Exclusive locking keeps the lock until the connection is closed, and needs no "-shm" file.
  int code = connection_->execute("PRAGMA locking_mode = EXCLUSIVE");
  if (code == SQLITE_OK) code = connection_->execute("BEGIN EXCLUSIVE");
  if (code == SQLITE_OK) code = connection_->execute(connection_->pragma_text("schema_version"));
  if (code == SQLITE_OK) code = connection_->execute("COMMIT");
  if (code == SQLITE_OK && connection_->journal_file() != nullptr) {
    code = connection_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  if (is_busy(code)) throw target_busy(path_);
  return code == SQLITE_OK;
}

void ReplacedDatabase::lock_only() {
  connection_ = nullptr;  // gives up whatever the pager holds before locks are taken by hand
  connection_ = open_if_possible(path_);
  if (connection_ == nullptr) return;
  raw_lock_ = true;
  if (take_locks(connection_->handle(), connection_->database_file())) return;
  drop_locks(connection_->database_file());
  throw target_busy(path_);
}

ParkedFiles::ParkedFiles(const std::string& database, const std::string& beside) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const std::string from = database + suffix;
    const std::string to = beside + suffix;
    if (::rename(from.c_str(), to.c_str()) == 0) {
      moved_.emplace_back(from, to);
    } else if (errno != ENOENT) {
      const int error = errno;
      bring_back();
      throw posix_error(error, "move away", from);
    }
  }
}

ParkedFiles::~ParkedFiles() { bring_back(); }

void ParkedFiles::bring_back() noexcept {
  for (const auto& [from, to] : moved_) std::rename(to.c_str(), from.c_str());
  moved_.clear();
}

void ParkedFiles::keep_away() noexcept {
  for (const auto& [from, to] : moved_) ::unlink(to.c_str());
  moved_.clear();
}

}  // namespace dbsnap::sqlite
