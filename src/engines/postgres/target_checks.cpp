#include "engines/postgres/target_checks.hpp"

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

constexpr const char* kAction = "cannot ask the target's server what it has";

/// Names of the text[] `wanted` that `have` (a query of one column) lacks, separated by commas.
std::string missing(Connection& server, const std::string& wanted, const std::string& have, const Context& context) {
  if (wanted.empty()) return {};
  const Rows rows = server.query(
      "SELECT coalesce(string_agg(quote_ident(name), ', '), '') FROM unnest($1::text[]) AS wanted(name) "
      "WHERE name NOT IN (" +
          have + ")",
      {wanted}, kAction, context);
  return rows.text(0, 0);
}

void check_version(Connection& server, const Facts& facts) {
  const auto found = facts.find("server_version_num");
  if (found == facts.end()) return;
  const std::int64_t version = std::get<std::int64_t>(found->second);
  if (server.server_major() >= version / 10000) return;
  throw Error(ErrorCode::incompatible_version, "the snapshot is of PostgreSQL " + std::to_string(version / 10000) +
                                                   " and cannot be restored to " +
                                                   std::to_string(server.server_major()) + ", which is older")
      .with("snapshot_version", std::to_string(version))
      .with("target_version", std::to_string(server.server_version()));
}

void check_parts(Connection& server, const Facts& facts, const Context& context) {
  const std::string extensions =
      missing(server, fact_text(facts, "extensions"), "SELECT name::text FROM pg_available_extensions", context);
  if (!extensions.empty()) {
    throw Error(ErrorCode::incompatible_version, "the target's server lacks extensions of the snapshot: " + extensions)
        .hint("psql -c 'SELECT name FROM pg_available_extensions'")
        .with("extensions", extensions);
  }
  const std::string collations =
      missing(server, fact_text(facts, "collations"), "SELECT collname::text FROM pg_collation", context);
  if (!collations.empty()) {
    throw Error(ErrorCode::incompatible_version, "the target's server lacks collations of the snapshot: " + collations)
        .hint("locale -a")
        .with("collations", collations);
  }
}

void check_globals(Connection& server, const Facts& facts, const PostgresOptions& options, const Context& context) {
  if (options.create_globals) return;
  if (options.owners || options.privileges) {
    const std::string roles = missing(server, fact_text(facts, "roles"), "SELECT rolname::text FROM pg_roles", context);
    if (!roles.empty()) {
      throw Error(ErrorCode::not_found, "the target's server lacks roles of the snapshot: " + roles +
                                            "; create_globals=true creates them, owners=false and privileges=false "
                                            "do without them")
          .with("roles", roles);
    }
  }
  if (!options.tablespaces) return;
  const std::string spaces =
      missing(server, fact_text(facts, "tablespaces"), "SELECT spcname::text FROM pg_tablespace", context);
  if (spaces.empty()) return;
  throw Error(ErrorCode::not_found, "the target's server lacks tablespaces of the snapshot: " + spaces +
                                        "; tablespaces=false does without them")
      .with("tablespaces", spaces);
}

void check_rights(Connection& server, const Facts& facts, const PostgresOptions& options, bool creates,
                  const Context& context) {
  const Rows me =
      server.query("SELECT rolsuper, rolcreatedb, quote_ident(rolname) FROM pg_roles WHERE rolname = current_user",
                   kAction, context);
  if (me.size() != 1 || me.flag(0, 0)) return;
  const std::string role = me.text(0, 2);
  if (creates && !me.flag(0, 1)) {
    throw Error(ErrorCode::access_refused, "role " + role + " may not create databases, which this restore needs")
        .why("a database that exists and is empty is filled without that right")
        .hint("psql -c 'ALTER ROLE " + role + " CREATEDB'");
  }
  const std::string roles = fact_text(facts, "roles");
  if (!options.owners || roles.empty()) return;
  const Rows foreign = server.query(
      "SELECT coalesce(string_agg(quote_ident(rolname), ', '), '') FROM pg_roles WHERE rolname = ANY ($1::text[]) AND "
      "NOT pg_has_role(oid, 'MEMBER')",
      {roles}, kAction, context);
  if (foreign.at(0, 0).empty()) return;
  throw Error(ErrorCode::access_refused, "role " + role + " may not give objects to " + foreign.text(0, 0) +
                                             "; owners=false leaves all of them to " + role)
      .hint("psql -c 'GRANT " + foreign.text(0, 0) + " TO " + role + "'");
}

}  // namespace

std::string fact_text(const Facts& facts, std::string_view name) {
  const auto found = facts.find(name);
  if (found == facts.end()) return {};
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? std::string() : *text;
}

void check_server_fits(Connection& server, const Manifest& manifest, const PostgresOptions& options, bool creates,
                       const Context& context) {
  const Facts& facts = manifest.engine_facts;
  check_version(server, facts);
  check_parts(server, facts, context);
  check_globals(server, facts, options, context);
  check_rights(server, facts, options, creates, context);
}

bool holds_nothing(Connection& database, const Context& context) {
  static const std::string kSql = R"sql(
WITH members AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
objects AS (
  SELECT 'pg_class'::regclass AS classid, oid FROM pg_class WHERE relpersistence <> 't' AND relnamespace <> 'pg_toast'::regnamespace
  UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
  UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'public'
  UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
  UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
  UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
  UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
  UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
  UNION ALL SELECT 'pg_largeobject_metadata'::regclass, oid FROM pg_largeobject_metadata)
SELECT NOT EXISTS (SELECT FROM objects o WHERE o.oid >= 16384
  AND NOT EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)))sql";
  return database.query(kSql, "cannot ask what the target database holds", context).flag(0, 0);
}

}  // namespace dbsnap::postgres
