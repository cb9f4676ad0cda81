#include "engines/postgres/catalog.hpp"

#include <algorithm>

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

// Relations of users, and those of extensions that hold configuration. `%` stands for the kind of relation.
std::string user_relations(const std::string& columns, const std::string& kind) {
  return "WITH config AS (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_extension) "
         "SELECT " +
         columns +
         " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN config ON config.oid = c.oid "
         "WHERE c.relkind = '" +
         kind +
         "' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
         "AND n.nspname !~ '^pg_(toast|temp)' AND (config.oid IS NOT NULL OR NOT EXISTS (SELECT FROM pg_depend d "
         "WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')) "
         "ORDER BY n.nspname, c.relname";
}

std::uint64_t size_of(const Rows& rows, int row, int column) {
  return rows.is_null(row, column) ? 0
                                   : static_cast<std::uint64_t>(std::max<std::int64_t>(rows.number(row, column), 0));
}

std::string lines_of(const Rows& rows) {
  std::string text;
  for (int row = 0; row < rows.size(); ++row) text += rows.text(row, 0) + "\n";
  return text;
}

}  // namespace

std::vector<TableInfo> read_tables(Connection& connection, bool with_sizes, const Context& context) {
  const std::string columns =
      "c.oid, n.nspname, c.relname, coalesce((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM "
      "pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), ''), "
      "coalesce(config.condition, ''), " +
      std::string(with_sizes ? "pg_relation_size(c.oid) / current_setting('block_size')::bigint, pg_table_size(c.oid), "
                             : "0, 0, ") +
      "greatest(c.reltuples, 0)::bigint, has_table_privilege(c.oid, 'SELECT'), "
      "c.relpersistence = 'u', quote_ident(n.nspname) || '.' || quote_ident(c.relname)";
  const Rows rows = connection.query(user_relations(columns, "r"), "cannot list the tables", context);
  std::vector<TableInfo> tables;
  tables.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    TableInfo table;
    table.oid = rows.text(row, 0);
    table.schema = rows.text(row, 1);
    table.name = rows.text(row, 2);
    table.columns = rows.text(row, 3);
    table.condition = rows.text(row, 4);
    table.pages = size_of(rows, row, 5);
    table.bytes = size_of(rows, row, 6);
    table.rows = size_of(rows, row, 7);
    table.readable = rows.flag(row, 8);
    table.unlogged = rows.flag(row, 9);
    table.label = rows.text(row, 10);
    tables.push_back(std::move(table));
  }
  return tables;
}

std::string read_sequences(Connection& connection, bool standby, const Context& context) {
  const Rows rows = connection.query(
      user_relations("quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relpersistence = 'u'", "S"),
      "cannot list the sequences", context);
  constexpr int kPerQuery = 200;
  std::string text;
  for (int first = 0; first < rows.size(); first += kPerQuery) {
    std::string sql;
    for (int row = first; row < std::min(rows.size(), first + kPerQuery); ++row) {
      if (standby && rows.flag(row, 1)) continue;  // an unlogged sequence has no state there
      const std::string name = rows.text(row, 0);
      sql += std::string(sql.empty() ? "" : " UNION ALL ") + "SELECT " +
             literal("SELECT pg_catalog.setval(" + literal(name) + ", ") +
             " || last_value || ', ' || is_called || ');' FROM " + name;
    }
    if (!sql.empty()) text += lines_of(connection.query(sql, "cannot read the sequences", context));
  }
  return text;
}

std::string read_database_properties(Connection& connection, const Context& context) {
  // Settings that are lists of names are stored quoted already.
  static const std::string kSql = R"sql(
WITH me AS (SELECT oid, datacl, datdba, datconnlimit FROM pg_database WHERE datname = current_database()),
settings AS (
  SELECT setrole, split_part(item, '=', 1) AS name, substr(item, strpos(item, '=') + 1) AS value
  FROM me JOIN pg_db_role_setting s ON s.setdatabase = me.oid, unnest(s.setconfig) AS item),
grants AS (SELECT (aclexplode(me.datacl)).* FROM me)
SELECT line FROM (
  SELECT 1 AS part, format('COMMENT ON DATABASE :"DBNAME" IS %L;', shobj_description(oid, 'pg_database')) AS line
  FROM me WHERE shobj_description(oid, 'pg_database') IS NOT NULL
  UNION ALL
  SELECT 2, format('ALTER %s SET %s TO %s;',
    CASE WHEN setrole = 0 THEN 'DATABASE :"DBNAME"'
         ELSE format('ROLE %I IN DATABASE :"DBNAME"', pg_get_userbyid(setrole)) END,
    CASE WHEN name LIKE '%.%' THEN (SELECT string_agg(quote_ident(word), '.') FROM unnest(string_to_array(name, '.')) AS word)
         ELSE quote_ident(name) END,
    CASE WHEN lower(name) IN ('local_preload_libraries', 'search_path', 'session_preload_libraries',
                              'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
         THEN coalesce((
           SELECT string_agg(quote_literal(CASE WHEN word LIKE '"%' THEN replace(substr(word, 2, length(word) - 2), '""', '"')
                                                ELSE word END), ', ' ORDER BY place)
           FROM (SELECT btrim(match[1]) AS word, place
                 FROM regexp_matches(value, '\s*("(?:[^"]|"")*"|[^,]+)', 'g') WITH ORDINALITY AS m (match, place)) AS words),
           '''''')
         ELSE quote_literal(value) END) FROM settings
  UNION ALL SELECT 3, 'REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;' FROM me WHERE datacl IS NOT NULL
  UNION ALL
  SELECT 4, format('GRANT %s ON DATABASE :"DBNAME" TO %s%s;', privilege_type,
    CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM grants
  UNION ALL
  SELECT 5, format('ALTER DATABASE :"DBNAME" CONNECTION LIMIT %s;', datconnlimit) FROM me WHERE datconnlimit > 0
) AS lines ORDER BY part, line)sql";
  return lines_of(connection.query(kSql, "cannot read the properties of the database", context));
}

std::string read_large_object_definitions(Connection& connection, const Context& context) {
  static const std::string kSql = R"sql(
WITH grants AS (SELECT m.oid, (aclexplode(m.lomacl)).* FROM pg_largeobject_metadata m)
SELECT line FROM (
  SELECT oid, 1 AS part, format('SELECT pg_catalog.lo_create(%L);', oid) AS line FROM pg_largeobject_metadata
  UNION ALL
  SELECT oid, 2, format('ALTER LARGE OBJECT %s OWNER TO %I;', oid, pg_get_userbyid(lomowner)) FROM pg_largeobject_metadata
  UNION ALL
  SELECT oid, 3, format('COMMENT ON LARGE OBJECT %s IS %L;', oid, obj_description(oid, 'pg_largeobject'))
  FROM pg_largeobject_metadata WHERE obj_description(oid, 'pg_largeobject') IS NOT NULL
  UNION ALL
  SELECT oid, 4, format('GRANT %s ON LARGE OBJECT %s TO %s%s;', privilege_type, oid,
    CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM grants
) AS lines ORDER BY oid, part, line)sql";
  return lines_of(connection.query(kSql, "cannot list the large objects", context));
}

Facts read_facts(Connection& connection, const Context& context) {
  // Lists are text[] as the server writes them, so that a restore can hand them to its server as they are.
  std::string sql = R"sql(
WITH me AS (SELECT * FROM pg_database WHERE datname = current_database()),
owners AS (
  SELECT refobjid AS role FROM pg_shdepend, me WHERE dbid = me.oid AND refclassid = 'pg_authid'::regclass
  UNION SELECT relowner FROM pg_class WHERE oid >= 16384 UNION SELECT nspowner FROM pg_namespace WHERE oid >= 16384
  UNION SELECT proowner FROM pg_proc WHERE oid >= 16384 UNION SELECT typowner FROM pg_type WHERE oid >= 16384),
collations AS (
  SELECT attcollation AS oid FROM pg_attribute WHERE attrelid >= 16384
  UNION SELECT typcollation FROM pg_type WHERE oid >= 16384
  UNION SELECT refobjid FROM pg_depend WHERE refclassid = 'pg_collation'::regclass)
SELECT current_setting('server_version'), pg_encoding_to_char(me.encoding), me.datcollate, me.datctype,
  pg_get_userbyid(me.datdba), pg_is_in_recovery(),
  coalesce((SELECT array_agg(extname ORDER BY extname) FROM pg_extension), '{}')::text,
  coalesce((SELECT array_agg(DISTINCT rolname::text) FROM pg_roles JOIN owners ON oid = role
            WHERE rolname !~ '^pg_'), '{}')::text,
  coalesce((SELECT array_agg(DISTINCT spcname::text) FROM pg_tablespace t JOIN pg_class c ON c.reltablespace = t.oid
            WHERE c.oid >= 16384), '{}')::text,
  coalesce((SELECT array_agg(DISTINCT collname::text) FROM pg_collation c JOIN collations USING (oid)
            WHERE c.oid >= 10000 AND c.collnamespace = 'pg_catalog'::regnamespace), '{}')::text,
  (SELECT count(*) FROM pg_largeobject_metadata))sql";
  const int major = connection.server_major();
  sql += major >= 15 ? ", me.datlocprovider" : ", 'c'";
  sql += major >= 17 ? ", coalesce(me.datlocale, '')" : major >= 15 ? ", coalesce(me.daticulocale, '')" : ", ''";
  sql += " FROM me";
  const Rows rows = connection.query(sql, "cannot read the facts of the database", context);
  Facts facts;
  facts["server_version"] = rows.text(0, 0);
  facts["server_version_num"] = std::int64_t{connection.server_version()};
  static constexpr const char* kNames[] = {"encoding", "collate", "ctype", "owner"};
  for (int i = 0; i < 4; ++i) facts[kNames[i]] = rows.text(0, i + 1);
  facts["standby"] = rows.flag(0, 5);
  static constexpr const char* kLists[] = {"extensions", "roles", "tablespaces", "collations"};
  for (int i = 0; i < 4; ++i) facts[kLists[i]] = rows.text(0, i + 6);
  facts["large_objects"] = rows.number(0, 10);
  facts["locale_provider"] = rows.text(0, 11);
  facts["locale"] = rows.text(0, 12);
  return facts;
}

}  // namespace dbsnap::postgres
