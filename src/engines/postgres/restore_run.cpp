#include "engines/postgres/restore_run.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/task_pool.hpp"
#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/statement.hpp"

namespace dbsnap::postgres {
namespace {

// Building an index in memory is worth more than anything else while a database is filled.
constexpr const char* kMaintenanceKb = "262144";

std::string session_setup(const Connection& connection) {
  const int major = connection.server_major();
  std::string sql =
      "SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout "
      "= 0; "
      "SET standard_conforming_strings = on; SET check_function_bodies = off; SET xmloption = content; "
      "SET client_min_messages = warning; SET row_security = off; SET datestyle = ISO; SET intervalstyle = postgres; "
      "SET synchronous_commit = off; SET default_transaction_read_only = off;";
  if (major >= 14) sql += " SET idle_session_timeout = 0;";
  if (major >= 17) sql += " SET transaction_timeout = 0;";
  sql += std::string(" SELECT pg_catalog.set_config('maintenance_work_mem', '") + kMaintenanceKb +
         "kB', false) FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem' AND setting::bigint < " +
         kMaintenanceKb;
  return sql;
}

// out_of_memory: a transaction that makes thousands of tables holds a lock on each.
constexpr std::string_view kOutOfLocks = "53200";

}  // namespace

RestoreRun::RestoreRun(const Settings& settings, const std::string& database, SnapshotReader& reader, bool transaction,
                       const Context& context)
    : settings_(settings), database_(database), reader_(reader), transaction_(transaction), context_(context) {
  connections_.push_back(connect(context));
  if (transaction_) main().run("BEGIN", "cannot begin a transaction", context);
}

std::unique_ptr<Connection> RestoreRun::connect(const Context& context) const {
  auto connection = std::make_unique<Connection>(settings_, database_, context);
  connection->run(session_setup(*connection), "cannot prepare the session", context);
  return connection;
}

bool RestoreRun::has_entry(std::string_view name) const {
  const auto& entries = reader_.manifest().entries;
  return std::ranges::find(entries, name, &ManifestEntry::name) != entries.end();
}

void RestoreRun::on_connections(std::size_t most, const std::function<void(Connection&, const Context&)>& work) {
  const std::size_t wanted = transaction_ ? 1 : std::min<std::size_t>(most, thread_count(options().jobs));
  while (connections_.size() < wanted) connections_.push_back(connect(context_));
  std::stop_source stop;
  const std::stop_callback on_outer_stop(context_.stop, [&] { stop.request_stop(); });
  Context inner = context_;
  inner.stop = stop.get_token();
  std::mutex mutex;
  std::exception_ptr failure;
  const auto guarded = [&](Connection& connection) {
    try {
      work(connection, inner);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
      stop.request_stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < wanted; ++i) threads.emplace_back([&, i] { guarded(*connections_[i]); });
    guarded(main());
  }
  if (failure) std::rethrow_exception(failure);
}

void RestoreRun::run_statement(Connection& connection, const std::string& sql, const Context& context) {
  const std::string action = "cannot restore: " + beginning_of(sql);
  if (!options().continue_on_error) {
    try {
      return connection.run(sql, action, context);
    } catch (const Error& error) {
      if (!transaction_ || sqlstate_of(error) != kOutOfLocks) throw;
      throw Error(error).hint("dbsnap restore … --to 'postgres://…?in_place=parallel'");
    }
  }
  if (transaction_) connection.run("SAVEPOINT statement", action, context);
  try {
    connection.run(sql, action, context);
    if (transaction_) connection.run("RELEASE SAVEPOINT statement", action, context);
  } catch (const Error& error) {
    // Without a code of the server's the connection itself is gone.
    if (sqlstate_of(error).empty()) throw;
    if (transaction_) connection.run("ROLLBACK TO SAVEPOINT statement", action, context);
    {
      const std::scoped_lock lock(mutex_);
      ++failures_;
    }
    log(LogLevel::warning, error.message() + ": " + error.why());
  }
}

void RestoreRun::log(LogLevel level, const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (context_.log) context_.log(level, text);
}

void RestoreRun::commit() {
  if (transaction_) main().run("COMMIT", "cannot commit the restored database", context_);
  connections_.clear();
}

}  // namespace dbsnap::postgres
