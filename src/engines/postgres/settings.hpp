// Settings of one database: libpq's connection parameters and our own options, read from a URL or from PostgresOptions.
#pragma once

#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/url.hpp"
#include "dbsnap/engines/postgres.hpp"

namespace dbsnap::postgres {

struct Settings {
  PostgresOptions options;
  Environment environment;  ///< where programs are looked for
  std::string url;          ///< for people and as the source's identity: no secrets, none of our options

  /// Value of a libpq parameter, or nothing.
  [[nodiscard]] std::string parameter(std::string_view name) const;
  /// Name of the database as given; empty when libpq's defaults decide.
  [[nodiscard]] std::string database() const { return parameter("dbname"); }
  /// The same server and options, another database.
  [[nodiscard]] Settings for_database(const std::string& name) const;
};

/// Checks parameter names and fills in `url`. Throws Error{invalid_argument}.
Settings make_settings(PostgresOptions options, Environment environment);
/// Reads "postgres://user:password@host:port/database?name=value", where a name is libpq's or one of
/// docs/engines/postgres.md.
Settings settings_of(const Url& url, Environment environment);

}  // namespace dbsnap::postgres
