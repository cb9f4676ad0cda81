// The state of a database that a snapshot shows: held by one connection, seen by all that read.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engines/postgres/catalog.hpp"
#include "engines/postgres/programs.hpp"

namespace dbsnap::postgres {

/// Holds an exported snapshot and a lock on every table that keeps it from being dropped, emptied or altered. Writers
/// are not blocked. Safe from many threads but for finish().
class Source {
 public:
  Source(const Settings& settings, const Context& context);

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] const std::vector<TableInfo>& tables() const noexcept { return tables_; }
  [[nodiscard]] const Facts& facts() const noexcept { return facts_; }
  [[nodiscard]] const Facts& consistency_point() const noexcept { return point_; }
  [[nodiscard]] const std::string& snapshot() const noexcept { return snapshot_; }
  [[nodiscard]] const Program& pg_dump() const noexcept { return pg_dump_; }
  [[nodiscard]] bool standby() const noexcept { return standby_; }
  [[nodiscard]] int major() const noexcept { return leader_->server_major(); }
  /// The connection that holds the snapshot; for begin() only, before anything is read at once.
  [[nodiscard]] Connection& leader() noexcept { return *leader_; }
  /// How a program must be called to reach the same server.
  [[nodiscard]] const ChildConnection& child() const noexcept { return child_; }

  /// A connection that sees the snapshot, in a transaction of its own; given back when it is idle again.
  std::unique_ptr<Connection> take_worker(const Context& context);
  void give_back(std::unique_ptr<Connection> worker);

  void warn(std::string text);
  /// pg_dump has bound its scripts to a key, as psql expects it from newer releases.
  void note_restricted() { restricted_ = true; }
  [[nodiscard]] bool restricted() const { return restricted_; }
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// Ends the transaction. Throws when the snapshot was lost meanwhile.
  void finish(const Context& context);

 private:
  void check_server(const Context& context);
  void fix_state(const Context& context);
  bool lock_and_export(const Context& context, bool last_try);
  void lock_tables(const std::vector<TableInfo>& tables, const Context& context);
  void drop_unreadable(const Context& context);

  const Settings settings_;
  Settings here_;  ///< of the very server that the leader is connected to
  std::unique_ptr<Connection> leader_;
  Program pg_dump_;
  ChildConnection child_;
  std::vector<TableInfo> tables_;
  Facts facts_;
  Facts point_;
  std::string snapshot_;
  std::string setup_;  ///< settings of every session
  bool standby_ = false;
  std::atomic<bool> restricted_ = false;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Connection>> idle_;
  std::vector<std::string> warnings_;
};

}  // namespace dbsnap::postgres
