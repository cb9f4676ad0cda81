// The database that a restore replaces, and the log and journal files beside it, for the moment of the swap.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dbsnap/context.hpp"
#include "engines/sqlite/connection.hpp"

namespace dbsnap::sqlite {

/// Throws Error{target_busy} when a connection of any process holds a lock on the database. Asks through
/// SQLite's own handle and takes every lock for an instant; does not recover or change anything.
void check_unlocked(const std::string& path);

/// Holds a database alone, and, where SQLite can read it, folds its log or hot journal into the file, so
/// that the file is whole without them. Alive until the new file has its name.
class ReplacedDatabase {
 public:
  /// Throws Error{target_busy} when somebody else has come to use it.
  ReplacedDatabase(const std::string& path, const Context& context);
  ~ReplacedDatabase();
  ReplacedDatabase(const ReplacedDatabase&) = delete;
  ReplacedDatabase& operator=(const ReplacedDatabase&) = delete;

 private:
  bool settle();
  void lock_only();

  std::string path_;
  std::unique_ptr<Connection> connection_;
  bool raw_lock_ = false;
};

/// Takes "-wal", "-shm" and "-journal" of a database out of the way: a new file must never meet the old
/// one's log. Brings them back on destruction unless keep_away() was called.
class ParkedFiles {
 public:
  /// `beside` is the name that the parked files get, plus their suffix.
  ParkedFiles(const std::string& database, const std::string& beside);
  ~ParkedFiles();
  ParkedFiles(const ParkedFiles&) = delete;
  ParkedFiles& operator=(const ParkedFiles&) = delete;

  [[nodiscard]] bool any() const noexcept { return !moved_.empty(); }
  /// Removes the files for good.
  void keep_away() noexcept;

 private:
  void bring_back() noexcept;
  std::vector<std::pair<std::string, std::string>> moved_;  // where it was, where it is
};

}  // namespace dbsnap::sqlite
