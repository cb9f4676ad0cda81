// What the steps of one restore share: connections to the database that is filled, options, and what failed so far.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

class RestoreRun {
 public:
  /// Opens the first connection to `database`; with `transaction` it is the only one and all happens in one
  /// transaction.
  RestoreRun(const Settings& settings, const std::string& database, SnapshotReader& reader, bool transaction,
             const Context& context);

  [[nodiscard]] Connection& main() noexcept { return *connections_.front(); }
  [[nodiscard]] SnapshotReader& reader() noexcept { return reader_; }
  [[nodiscard]] const PostgresOptions& options() const noexcept { return settings_.options; }
  [[nodiscard]] const std::string& database() const noexcept { return database_; }
  [[nodiscard]] bool transaction() const noexcept { return transaction_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] bool has_entry(std::string_view name) const;

  /// Runs `work` once on each of up to `most` connections at once, one of them main(). The first failure stops the
  /// others through the context that they are given, and is thrown.
  void on_connections(std::size_t most, const std::function<void(Connection&, const Context&)>& work);

  /// Runs a statement of the snapshot. Where options say so, a failure is noted and logged instead of thrown.
  void run_statement(Connection& connection, const std::string& sql, const Context& context);
  /// Statements that failed and were passed over.
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }
  void log(LogLevel level, const std::string& text);

  /// Ends the transaction and all connections.
  void commit();

 private:
  [[nodiscard]] std::unique_ptr<Connection> connect(const Context& context) const;

  const Settings settings_;
  const std::string database_;
  SnapshotReader& reader_;
  const bool transaction_;
  const Context& context_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::mutex mutex_;  // guards what follows
  std::size_t failures_ = 0;
};

}  // namespace dbsnap::postgres
