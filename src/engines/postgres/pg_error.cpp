#include "engines/postgres/pg_error.hpp"

#include <algorithm>
#include <utility>

namespace dbsnap::postgres {
namespace {

struct StateRow {
  std::string_view prefix;  ///< of the SQLSTATE
  ErrorCode code;
  bool retryable;
};

// The first row that fits decides.
constexpr StateRow kStates[] = {
    {"57014", ErrorCode::io, true},                   // canceled: statement_timeout, or somebody's pg_cancel_backend
    {"57P", ErrorCode::source_unreachable, true},     // shutdown, crash, starting up
    {"08", ErrorCode::source_unreachable, true},      // connection exceptions
    {"53300", ErrorCode::source_unreachable, true},   // too many connections
    {"28", ErrorCode::access_refused, false},         // authorization
    {"42501", ErrorCode::access_refused, false},      // insufficient privilege
    {"3D000", ErrorCode::source_unreachable, false},  // no such database
    {"53100", ErrorCode::no_space, false},            // disk full
    {"55P03", ErrorCode::locked, true},               // lock timeout
    {"55006", ErrorCode::target_busy, true},          // object in use
    {"40", ErrorCode::locked, true},                  // deadlock, serialization, conflict with recovery
    {"XX001", ErrorCode::damaged, false},             // data corrupted
    {"XX002", ErrorCode::damaged, false},             // index corrupted
    {"0A000", ErrorCode::unsupported, false},
};

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string field(const PGresult* result, int name) {
  const char* text = PQresultErrorField(result, name);
  return text == nullptr ? std::string() : std::string(text);
}

bool says(std::string_view message, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words,
                             [&](std::string_view word) { return message.find(word) != std::string_view::npos; });
}

}  // namespace

Error error_of_state(std::string_view sqlstate, const std::string& action) {
  const auto* row =
      std::ranges::find_if(kStates, [&](const StateRow& known) { return sqlstate.starts_with(known.prefix); });
  if (row == std::end(kStates)) return Error(ErrorCode::io, action).with("sqlstate", std::string(sqlstate));
  return Error(row->code, action).retryable(row->retryable).with("sqlstate", std::string(sqlstate));
}

Error server_error(const PGresult* result, const std::string& action) {
  std::string why = field(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  const std::string hint = field(result, PG_DIAG_MESSAGE_HINT);
  const std::string place = field(result, PG_DIAG_CONTEXT);
  if (!detail.empty()) why += "; " + detail;
  if (!hint.empty()) why += "; " + hint;
  // The first line of the context names the table and line of a COPY.
  if (place.starts_with("COPY ")) why += "; " + place.substr(0, std::min<std::size_t>(place.find('\n'), 200));
  return error_of_state(field(result, PG_DIAG_SQLSTATE), action).why(one_line(std::move(why)));
}

Error connection_error(PGconn* connection, const std::string& action) {
  const std::string why = connection == nullptr ? "out of memory" : one_line(PQerrorMessage(connection));
  // libpq gives no SQLSTATE for a connection that was not made.
  const bool refused = (connection != nullptr && PQconnectionNeedsPassword(connection) == 1) ||
                       says(why, {"authentication failed", "no pg_hba.conf entry", "permission denied for database",
                                  "is not permitted to log in"});
  const bool missing = says(why, {"database \"", "role \""}) && says(why, {"does not exist"});
  const ErrorCode code = refused ? ErrorCode::access_refused : ErrorCode::source_unreachable;
  return Error(code, action).why(why).retryable(!refused && !missing);
}

std::string sqlstate_of(const Error& error) {
  for (const auto& [key, value] : error.context()) {
    if (key == "sqlstate") return value;
  }
  return {};
}

}  // namespace dbsnap::postgres
