// One connection to a server: statements, rows and COPY, with every wait ended by the caller's context.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "engines/postgres/settings.hpp"

namespace dbsnap::postgres {

struct ResultCloser {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultCloser>;

/// Rows of a query, as text.
class Rows {
 public:
  explicit Rows(ResultPtr result) : result_(std::move(result)) {}
  [[nodiscard]] int size() const noexcept { return PQntuples(result_.get()); }
  /// Valid as long as the rows; empty for NULL.
  [[nodiscard]] std::string_view at(int row, int column) const noexcept {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  [[nodiscard]] std::string text(int row, int column) const { return std::string(at(row, column)); }
  [[nodiscard]] std::int64_t number(int row, int column) const;
  [[nodiscard]] bool flag(int row, int column) const noexcept { return at(row, column) == "t"; }
  [[nodiscard]] bool is_null(int row, int column) const noexcept {
    return PQgetisnull(result_.get(), row, column) == 1;
  }

 private:
  ResultPtr result_;
};

/// Used by one thread at a time. The server ends what it was doing when this is destroyed.
class Connection {
 public:
  /// Connects to `database`, or where it is empty to the one that the settings name. Errors: source_unreachable,
  /// access_refused.
  Connection(const Settings& settings, const std::string& database, const Context& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int server_version() const noexcept { return PQserverVersion(connection_.get()); }  ///< 150018
  [[nodiscard]] int server_major() const noexcept { return server_version() / 10000; }
  /// "database app at db1:5432", for messages.
  [[nodiscard]] const std::string& place() const noexcept { return place_; }
  [[nodiscard]] PGconn* handle() const noexcept { return connection_.get(); }

  /// Runs statements; `action` is the message of the Error when one fails.
  void run(const std::string& sql, const std::string& action, const Context& context);
  /// Rows of one query with text parameters.
  Rows query(const std::string& sql, const std::vector<std::string>& parameters, const std::string& action,
             const Context& context);
  Rows query(const std::string& sql, const std::string& action, const Context& context) {
    return query(sql, {}, action, context);
  }
  /// Runs statements of which one fails; its position among them is given back, nothing when all succeed.
  struct Failed {
    std::size_t position;
    Error error;
  };
  std::optional<Failed> run_counted(const std::string& sql, const std::string& action, const Context& context);

  /// COPY … TO STDOUT.
  void begin_copy_out(const std::string& sql, const std::string& action, const Context& context);
  /// One message of the COPY, at least a row; null at its end, when `rows` has been set. Give it back with PQfreemem.
  char* copy_out(std::size_t& size, std::uint64_t& rows, const Context& context);
  /// COPY … FROM STDIN.
  void begin_copy_in(const std::string& sql, const std::string& action, const Context& context);
  void copy_in(ByteView bytes, const Context& context);
  /// Ends the COPY; rows that the server has taken.
  std::uint64_t end_copy_in(const Context& context);

  /// Asks the server to end what it is doing. Never throws.
  void cancel() noexcept;

 private:
  struct Closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  void send(const std::string& sql, const std::vector<std::string>& parameters);
  /// Ends a statement that was given up, so that the next one can be sent.
  void settle();
  void flush(const Context& context);
  void wait(bool for_write, const Context& context);
  ResultPtr next_result(const Context& context);
  /// Reads results until there are none; throws for the first that failed.
  ResultPtr finish(const Context& context);
  void expect(ExecStatusType wanted, const Context& context);
  [[nodiscard]] Error lost() const;

  std::unique_ptr<PGconn, Closer> connection_;
  std::string place_;
  std::string action_;  ///< what is being done, for messages
  bool busy_ = false;   ///< the server may be working for us
};

/// "schema"."table" as SQL reads it; quoted always.
std::string quoted(std::string_view identifier);
/// 'text' as SQL reads it with standard_conforming_strings.
std::string literal(std::string_view text);

}  // namespace dbsnap::postgres
