#include "engines/postgres/source.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/table_plan.hpp"

namespace dbsnap::postgres {
namespace {

constexpr int kOldestServer = 120000;  // generated columns in the catalogs
constexpr int kLockTries = 5;
constexpr const char* kDropped = "42P01";  // undefined table

/// Settings under which values are written in one way only, whatever the role's own are; timeouts of the role would end
/// a long read.
std::string session_setup(const Connection& connection, std::chrono::milliseconds lock_timeout) {
  const int major = connection.server_major();
  std::string sql =
      "SET search_path = ''; SET datestyle = ISO; SET intervalstyle = postgres; SET extra_float_digits = 3; "
      "SET synchronize_seqscans = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
      "SET row_security = off; SET standard_conforming_strings = on; SET bytea_output = hex; SET lock_timeout = " +
      std::to_string(lock_timeout.count()) + ";";
  if (major >= 14) sql += " SET idle_session_timeout = 0;";
  if (major >= 17) sql += " SET transaction_timeout = 0;";
  // Functions behind views and foreign tables must not run with our rights while the catalogs are read.
  sql +=
      " SELECT pg_catalog.set_config(name, 'view, foreign-table', false) FROM pg_catalog.pg_settings "
      "WHERE name = 'restrict_nonsystem_relation_kind'";
  return sql;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMost) text += " and " + std::to_string(names.size() - kMost) + " more";
  return text;
}

}  // namespace

Source::Source(const Settings& settings, const Context& context)
    : settings_(settings), leader_(std::make_unique<Connection>(settings, "", context)) {
  check_server(context);
  pg_dump_ = find_program("pg_dump", leader_->server_major(), settings_, context);
  here_ = pinned_to(*leader_, settings_);
  child_ = child_connection(here_);
  setup_ = session_setup(*leader_, settings_.options.lock_timeout);
  // Bytes of no known encoding are taken as they are, names included.
  const Rows encoding = leader_->query("SHOW server_encoding", "cannot ask for the encoding", context);
  if (encoding.at(0, 0) == "SQL_ASCII") setup_ = "SET client_encoding = 'SQL_ASCII'; " + setup_;
  leader_->run(setup_, "cannot prepare the session", context);
  fix_state(context);
  drop_unreadable(context);
  facts_ = read_facts(*leader_, context);
  facts_["pg_dump_major"] = std::int64_t{pg_dump_.major};
}

void Source::check_server(const Context& context) {
  if (leader_->server_version() < kOldestServer) {
    throw Error(ErrorCode::unsupported, leader_->place() + " runs PostgreSQL " +
                                            std::to_string(leader_->server_major()) + "; the oldest supported is 12");
  }
  static const std::string kSql =
      "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM "
      "pg_last_wal_replay_lsn() THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * "
      "1000)::bigint ELSE 0 END";
  const Rows rows = leader_->query(kSql, "cannot ask " + leader_->place() + " for its state", context);
  standby_ = rows.flag(0, 0);
  const auto& limit = settings_.options.max_lag;
  if (!standby_ || !limit || rows.is_null(0, 1)) return;
  const std::int64_t lag_ms = rows.number(0, 1);
  if (lag_ms <= limit->count()) return;
  throw Error(ErrorCode::source_unreachable, leader_->place() + " is a standby that is " + std::to_string(lag_ms) +
                                                 " ms behind; max_lag allows " + std::to_string(limit->count()))
      .retryable();
}

// The locks come first and the snapshot after them: a table that was emptied or rewritten in between would look empty
// to an older snapshot. Tables made while the locks were taken are why this may take several tries.
void Source::fix_state(const Context& context) {
  for (int tries = 1; tries <= kLockTries; ++tries) {
    try {
      if (lock_and_export(context, tries == kLockTries)) return;
    } catch (const Error& error) {
      // A table that is gone by the time its lock is there to be had is none of ours.
      if (sqlstate_of(error) != kDropped || tries == kLockTries) throw;
    }
    leader_->run("ROLLBACK", "cannot give the tables free", context);
  }
}

bool Source::lock_and_export(const Context& context, bool last_try) {
  tables_ = read_tables(*leader_, false, context);
  leader_->run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "cannot begin a transaction", context);
  lock_tables(tables_, context);
  const std::string place = standby_ ? "pg_last_wal_replay_lsn()" : "pg_current_wal_insert_lsn()";
  const std::string running = leader_->server_major() >= 13 ? "pg_current_snapshot()" : "txid_current_snapshot()";
  const Rows rows =
      leader_->query(std::string("SELECT pg_export_snapshot(), ").append(place).append(", ").append(running),
                     "cannot export the snapshot of " + leader_->place(), context);
  std::set<std::string> locked;
  for (const TableInfo& table : tables_) locked.insert(table.oid);
  std::vector<TableInfo> late = read_tables(*leader_, false, context);
  std::erase_if(late, [&](const TableInfo& table) { return locked.contains(table.oid); });
  if (!late.empty() && !last_try) return false;
  lock_tables(late, context);
  tables_ = read_tables(*leader_, true, context);
  snapshot_ = rows.text(0, 0);
  point_["lsn"] = rows.text(0, 1);
  point_["transactions"] = rows.text(0, 2);
  return true;
}

void Source::lock_tables(const std::vector<TableInfo>& tables, const Context& context) {
  constexpr std::size_t kPerQuery = 500;
  std::vector<const TableInfo*> wanted;
  for (const TableInfo& table : tables) {
    if (table.readable) wanted.push_back(&table);
  }
  for (std::size_t first = 0; first < wanted.size(); first += kPerQuery) {
    const std::size_t end = std::min(wanted.size(), first + kPerQuery);
    std::string sql;
    for (std::size_t i = first; i < end; ++i) {
      sql += "LOCK TABLE ONLY " + wanted[i]->quoted_name() + " IN ACCESS SHARE MODE;";
    }
    auto failed = leader_->run_counted(sql, "cannot lock the tables", context);
    if (!failed) continue;
    const std::string& label = wanted.at(std::min(first + failed->position, end - 1))->label;
    const std::string state = sqlstate_of(failed->error);
    const bool dropped = state == kDropped || state == "3F000";
    const std::string reason = state == "55P03" ? "; somebody else has held it locked for the whole lock_timeout"
                               : dropped        ? "; it was dropped at this very moment"
                                                : "";
    throw error_of_state(dropped ? kDropped : state, "cannot lock table " + label + " for reading" + reason)
        .retryable(dropped || failed->error.retryable())
        .why(failed->error.why())
        .with("table", label);
  }
}

void Source::drop_unreadable(const Context& context) {
  const PostgresOptions& options = settings_.options;
  std::vector<std::string> refused;
  std::vector<std::string> unlogged;
  std::erase_if(tables_, [&](const TableInfo& table) {
    if (!wants_rows(table.schema, table.name, options.include, options.exclude)) return true;
    if (!table.readable) refused.push_back(table.label);
    if (standby_ && table.unlogged) unlogged.push_back(table.label);
    return standby_ && table.unlogged;
  });
  if (!unlogged.empty()) warn("a standby has no rows of unlogged tables: " + joined(unlogged));
  if (refused.empty()) return;
  const std::string role =
      leader_->query("SELECT quote_ident(current_user)", "cannot ask who we are", context).text(0, 0);
  throw Error(ErrorCode::access_refused, "role " + role + " may not read " + joined(refused))
      .hint("psql -c 'GRANT SELECT ON " + refused.front() + " TO " + role + "'")
      .with("table", refused.front());
}

std::unique_ptr<Connection> Source::take_worker(const Context& context) {
  std::unique_ptr<Connection> worker;
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      worker = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  std::string begin =
      "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT " + literal(snapshot_);
  if (!worker) {
    worker = std::make_unique<Connection>(here_, "", context);
    worker->run(setup_, "cannot prepare the session", context);
  }
  try {
    worker->run(begin, "cannot read the snapshot", context);
  } catch (const Error& error) {
    const std::string state = sqlstate_of(error);
    if (state != "22023" && state != "42704" && state != "55000") throw;
    throw Error(ErrorCode::source_unreachable,
                "the connection that held the snapshot of " + leader_->place() + " was lost")
        .why(error.why())
        .retryable();
  }
  return worker;
}

void Source::give_back(std::unique_ptr<Connection> worker) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(worker));
}

void Source::warn(std::string text) {
  const std::scoped_lock lock(mutex_);
  if (std::ranges::find(warnings_, text) == warnings_.end()) warnings_.push_back(std::move(text));
}

std::vector<std::string> Source::warnings() const {
  const std::scoped_lock lock(mutex_);
  return warnings_;
}

void Source::finish(const Context& context) {
  leader_->run("COMMIT", "cannot end the transaction that held the snapshot", context);
  const std::scoped_lock lock(mutex_);
  idle_.clear();
  leader_.reset();
}

}  // namespace dbsnap::postgres
