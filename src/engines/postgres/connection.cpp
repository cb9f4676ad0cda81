#include "engines/postgres/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <map>

#include "engines/postgres/pg_error.hpp"

namespace dbsnap::postgres {
namespace {

constexpr int kPollMs = 100;  // how late a stop token is seen, at most

// A peer that is gone is noticed in bounded time; what the user says wins.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"keepalives_idle", "30"},     {"keepalives_interval", "10"},           {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"}, {"fallback_application_name", "dbsnap"}, {"client_encoding", "UTF8"},
};

std::string place_of(const std::string& database, const Settings& settings) {
  std::string host = settings.parameter("host");
  if (host.empty()) host = settings.parameter("hostaddr");
  if (host.empty()) host = settings.parameter("service").empty() ? "the default server" : settings.parameter("service");
  const std::string port = settings.parameter("port");
  return "database " + (database.empty() ? std::string("of the default name") : database) + " at " + host +
         (port.empty() ? "" : ":" + port);
}

/// Seconds that libpq may take to reach one host: connecting cannot be interrupted, but ends with the caller's
/// deadline. libpq's least is 2.
std::string connect_timeout(const Context& context) {
  constexpr std::int64_t kLeast = 2;
  constexpr std::int64_t kMost = 10;
  if (!context.deadline) return std::to_string(kMost);
  const auto left = std::chrono::ceil<std::chrono::seconds>(*context.deadline - context.clock->monotonic());
  return std::to_string(std::clamp<std::int64_t>(left.count(), kLeast, kMost));
}

}  // namespace

std::int64_t Rows::number(int row, int column) const {
  const std::string_view text = at(row, column);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::internal, "the server answered '" + std::string(text) + "' where a number was asked for");
  }
  return value;
}

Connection::Connection(const Settings& settings, const std::string& database, const Context& context) {
  context.check();
  std::map<std::string, std::string> parameters = settings.options.connection;
  if (!database.empty()) parameters["dbname"] = database;
  const std::string name = parameters.contains("dbname") ? parameters.at("dbname") : std::string();
  place_ = place_of(name, settings);
  for (const auto& [key, value] : kDefaults) parameters.emplace(key, value);
  // The environment's own timeout is libpq's affair.
  if (!settings.environment.get("PGCONNECT_TIMEOUT")) parameters.emplace("connect_timeout", connect_timeout(context));
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(keys.data(), values.data(), 0));
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) {
    throw Error(connection_error(connection_.get(), "cannot connect to " + place_)).with("place", place_);
  }
  place_ = place_of(PQdb(connection_.get()), settings);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  PQsetnonblocking(connection_.get(), 1);
  context.check();
  // Functions that somebody has put into schema public must not be called in place of the server's own.
  run("SET search_path = ''", "cannot prepare the session", context);
}

Connection::~Connection() {
  if (connection_ && busy_) cancel();
}

void Connection::cancel() noexcept {
  PGcancel* request = PQgetCancel(connection_.get());
  if (request == nullptr) return;
  std::array<char, 256> ignored{};
  PQcancel(request, ignored.data(), static_cast<int>(ignored.size()));
  PQfreeCancel(request);
}

Error Connection::lost() const {
  return connection_error(connection_.get(), action_ + ": the connection to " + place_ + " was lost");
}

void Connection::wait(bool for_write, const Context& context) {
  const int descriptor = PQsocket(connection_.get());
  if (descriptor < 0) throw lost();
  pollfd poll_for{descriptor, static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN), 0};
  for (;;) {
    context.check();
    const int ready = ::poll(&poll_for, 1, kPollMs);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw lost();
  }
}

void Connection::flush(const Context& context) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return;
    if (left < 0) throw lost();
    wait(true, context);
    if (PQconsumeInput(connection_.get()) == 0) throw lost();
  }
}

void Connection::send(const std::string& sql, const std::vector<std::string>& parameters) {
  if (busy_) settle();
  int sent = 0;
  if (parameters.empty()) {
    sent = PQsendQuery(connection_.get(), sql.c_str());
  } else {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                             nullptr, nullptr, 0);
  }
  if (sent == 0) throw lost();
  busy_ = true;
}

void Connection::settle() {
  cancel();
  const Context patient;
  while (const ResultPtr result = next_result(patient)) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) throw lost();
  }
}

ResultPtr Connection::next_result(const Context& context) {
  flush(context);
  while (PQisBusy(connection_.get()) == 1) {
    wait(false, context);
    if (PQconsumeInput(connection_.get()) == 0) throw lost();
  }
  ResultPtr result(PQgetResult(connection_.get()));
  if (!result) busy_ = false;
  return result;
}

ResultPtr Connection::finish(const Context& context) {
  ResultPtr last;
  std::optional<Error> failure;
  while (ResultPtr result = next_result(context)) {
    const ExecStatusType status = PQresultStatus(result.get());
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    if (!good && !failure) {
      if (PQstatus(connection_.get()) == CONNECTION_BAD &&
          PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) == nullptr) {
        failure = lost();
      } else {
        failure = server_error(result.get(), action_);
      }
    }
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      throw Error(ErrorCode::internal, action_ + ": the server began a COPY that nobody asked for");
    }
    last = std::move(result);
  }
  if (failure) throw *std::move(failure);
  if (!last) throw lost();
  return last;
}

void Connection::run(const std::string& sql, const std::string& action, const Context& context) {
  action_ = action;
  send(sql, {});
  finish(context);
}

Rows Connection::query(const std::string& sql, const std::vector<std::string>& parameters, const std::string& action,
                       const Context& context) {
  action_ = action;
  send(sql, parameters);
  return Rows(finish(context));
}

std::optional<Connection::Failed> Connection::run_counted(const std::string& sql, const std::string& action,
                                                          const Context& context) {
  action_ = action;
  send(sql, {});
  std::optional<Failed> failed;
  std::size_t position = 0;
  while (const ResultPtr result = next_result(context)) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !failed) {
      failed = Failed{position, server_error(result.get(), action)};
    }
    ++position;
  }
  if (!failed && PQstatus(connection_.get()) == CONNECTION_BAD) throw lost();
  return failed;
}

void Connection::expect(ExecStatusType wanted, const Context& context) {
  const ResultPtr result = next_result(context);
  if (result && PQresultStatus(result.get()) == wanted) return;
  if (!result) throw lost();
  std::optional<Error> failure = server_error(result.get(), action_);
  while (next_result(context)) continue;
  if (PQstatus(connection_.get()) == CONNECTION_BAD && sqlstate_of(*failure).empty()) throw lost();
  throw *std::move(failure);
}

void Connection::begin_copy_out(const std::string& sql, const std::string& action, const Context& context) {
  action_ = action;
  send(sql, {});
  expect(PGRES_COPY_OUT, context);
}

char* Connection::copy_out(std::size_t& size, std::uint64_t& rows, const Context& context) {
  for (;;) {
    char* buffer = nullptr;
    const int length = PQgetCopyData(connection_.get(), &buffer, 1);
    if (length > 0) {
      size = static_cast<std::size_t>(length);
      return buffer;
    }
    if (length == 0) {
      wait(false, context);
      if (PQconsumeInput(connection_.get()) == 0) throw lost();
      continue;
    }
    // The end, good or bad, is in the results that follow.
    const ResultPtr result = finish(context);
    const std::string_view count = PQcmdTuples(result.get());
    rows = 0;
    std::from_chars(count.data(), count.data() + count.size(), rows);
    return nullptr;
  }
}

void Connection::begin_copy_in(const std::string& sql, const std::string& action, const Context& context) {
  action_ = action;
  send(sql, {});
  expect(PGRES_COPY_IN, context);
}

void Connection::copy_in(ByteView bytes, const Context& context) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  while (!bytes.empty()) {
    context.check();
    const std::size_t part = std::min(bytes.size(), kMost);
    const int taken =
        PQputCopyData(connection_.get(), reinterpret_cast<const char*>(bytes.data()), static_cast<int>(part));
    if (taken < 0) {
      // A server that has refused a row says so in the results.
      finish(context);
      throw lost();
    }
    if (taken == 0) {
      wait(true, context);
      if (PQconsumeInput(connection_.get()) == 0) throw lost();
      continue;
    }
    bytes = bytes.subspan(part);
    flush(context);
  }
}

std::uint64_t Connection::end_copy_in(const Context& context) {
  for (int ended = 0; ended != 1;) {
    ended = PQputCopyEnd(connection_.get(), nullptr);
    if (ended < 0) break;
    if (ended == 0) wait(true, context);
  }
  const ResultPtr result = finish(context);
  const std::string_view count = PQcmdTuples(result.get());
  std::uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

std::string quoted(std::string_view identifier) {
  std::string text = "\"";
  for (const char c : identifier) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

}  // namespace dbsnap::postgres
