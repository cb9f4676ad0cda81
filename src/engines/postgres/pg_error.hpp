// From the server's SQLSTATE codes and libpq's messages to dbsnap::Error, decided in one place.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {

/// Error for a statement that the server refused. `action` says what was tried: "cannot read table public.t".
Error server_error(const PGresult* result, const std::string& action);
/// Error for a connection that broke or was never made.
Error connection_error(PGconn* connection, const std::string& action);
/// Code and retry class for a SQLSTATE, with `action` as the message.
Error error_of_state(std::string_view sqlstate, const std::string& action);

/// SQLSTATE that an Error carries, or nothing.
std::string sqlstate_of(const Error& error);

}  // namespace dbsnap::postgres
