// Where PostgreSQL's programs are, which of them fits a server, and how they are told whom to connect to.
#pragma once

#include <string>
#include <vector>

#include "engines/postgres/child_program.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

struct Program {
  std::string path;
  int major = 0;
};

/// The program `name` ("pg_dump") of the lowest major version that is not below `major`. Throws Error{unsupported}
/// naming the version that is needed and those that were found.
Program find_program(const std::string& name, int major, const Settings& settings, const Context& context);

/// Settings that lead to the very server and database that `connection` is connected to, whatever a list of hosts or a
/// service file says by then.
Settings pinned_to(const Connection& connection, const Settings& settings);

/// What a program must be told to reach the server that `connection` is connected to: environment variables, so that no
/// secret is among its arguments, and a connection string for parameters that have no variable.
struct ChildConnection {
  Variables environment;
  std::string connection_string;
};
ChildConnection child_connection(const Settings& pinned);

}  // namespace dbsnap::postgres
