// The PostgreSQL engine's own options, for services that set them in code instead of in a URL.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dbsnap/export.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// How a restore fills a database that exists and is empty.
enum class PostgresInPlace {
  transaction,  ///< one connection, one transaction: whole or not at all
  parallel,     ///< several connections: quicker, and a failure leaves what was restored by then
};

struct PostgresOptions {
  /// Connection parameters under libpq's own names: host, port, dbname, user, password, sslmode, service, … Several
  /// hosts are separated by commas, as libpq reads them. What is missing comes from libpq's environment variables,
  /// service and password files.
  std::map<std::string, std::string> connection = {};
  /// Folder that holds pg_dump. Empty: versioned folders of the system, then PATH of the process.
  std::string program_folder = {};

  // Backup.
  /// Databases to take, each as a snapshot of its own; "*" stands for all that are not templates. Empty: the one that
  /// `connection` names. Snapshotter::parts() gives an engine for each.
  std::vector<std::string> databases = {};
  /// Keep the definitions of roles and tablespaces as an entry of each snapshot.
  bool globals = true;
  /// How long to wait for a lock that somebody else holds.
  std::chrono::milliseconds lock_timeout{30000};
  /// Refuse a standby that is further behind its primary than this.
  std::optional<std::chrono::milliseconds> max_lag = {};

  // Tables whose rows are taken or restored: "schema.table" or "table", with * and ?. Definitions are always complete.
  std::vector<std::string> include = {};  ///< empty: all
  std::vector<std::string> exclude = {};

  // Restore.
  unsigned jobs = 0;               ///< connections; 0: one per core
  bool owners = true;              ///< give objects their recorded owners
  bool privileges = true;          ///< restore GRANTs
  bool tablespaces = true;         ///< put objects into their recorded tablespaces
  bool create_globals = false;     ///< create recorded roles and tablespaces that are missing
  bool analyze = true;             ///< gather planner statistics at the end
  bool continue_on_error = false;  ///< go on after a statement that fails; what failed is reported at the end
  PostgresInPlace in_place = PostgresInPlace::transaction;
  std::string maintenance_database = "postgres";  ///< where to be connected while databases are created and renamed
};

/// The engine for one PostgreSQL database, in logical mode. Nothing is connected until it is asked to work. Throws
/// Error{invalid_argument} for parameters that libpq does not know.
DBSNAP_API std::unique_ptr<Snapshotter> make_postgres_engine(PostgresOptions options);

}  // namespace dbsnap
