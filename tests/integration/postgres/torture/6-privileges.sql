-- Who may do what, for everything that has privileges; event triggers last, for they refuse what follows.
GRANT USAGE, CREATE ON SCHEMA shop TO torture_writer WITH GRANT OPTION;
GRANT USAGE ON SCHEMA shop TO torture_reader;
GRANT USAGE ON SCHEMA "Odd Schema" TO PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO torture_reader;
GRANT SELECT, INSERT (name, price), UPDATE ("Camel ""Case""") ON shop.item TO torture_writer;
GRANT SELECT ON shop.item TO torture_reader WITH GRANT OPTION;
SET SESSION AUTHORIZATION torture_reader;
GRANT SELECT ON shop.item TO "Odd ""Role"", with; signs";
RESET SESSION AUTHORIZATION;
REVOKE ALL ON shop.empty_table FROM postgres;
GRANT TRUNCATE, REFERENCES, TRIGGER ON "Odd Schema"."Table; DROP TABLE x; --" TO PUBLIC;
GRANT SELECT (most) ON "Odd Schema"."a; third" TO torture_reader;
GRANT USAGE ON SEQUENCE shop.plain_sequence TO torture_writer;
REVOKE EXECUTE ON FUNCTION shop.standard_body FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE shop.transfer TO torture_reader;
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;
GRANT USAGE ON DOMAIN shop.small TO torture_reader WITH GRANT OPTION;
REVOKE USAGE ON LANGUAGE plpgsql_again FROM PUBLIC;
GRANT USAGE ON FOREIGN DATA WRAPPER nothing_wrapper TO torture_owner;
GRANT USAGE ON FOREIGN SERVER nothing TO torture_owner WITH GRANT OPTION;
GRANT SELECT ON shop.remote TO torture_reader;
-- What initdb and extensions granted, changed.
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_authid TO torture_reader;
REVOKE EXECUTE ON FUNCTION extensions.akeys(extensions.hstore) FROM PUBLIC;

ALTER TABLE shop.queue OWNER TO "Odd ""Role"", with; signs";
ALTER FUNCTION shop.table_of() OWNER TO torture_owner;
ALTER TYPE shop.line3 OWNER TO torture_writer;
ALTER MATERIALIZED VIEW shop.z_first OWNER TO torture_owner;
ALTER SERVER files OWNER TO torture_owner;
ALTER PUBLICATION of_nothing OWNER TO torture_owner;

ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO torture_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE torture_owner IN SCHEMA shop GRANT ALL ON SEQUENCES TO torture_writer WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE torture_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "Odd ""Role"", with; signs" GRANT USAGE ON SCHEMAS TO torture_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA "Odd Schema" GRANT USAGE ON TYPES TO torture_writer;

CREATE EVENT TRIGGER "refuse; all" ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'CREATE INDEX', 'ALTER TABLE', 'COMMENT',
  'CREATE SCHEMA', 'GRANT') EXECUTE FUNCTION shop.refuse_ddl();
CREATE EVENT TRIGGER switched_off ON sql_drop EXECUTE FUNCTION shop.refuse_ddl();
ALTER EVENT TRIGGER switched_off DISABLE;
CREATE EVENT TRIGGER in_replicas ON table_rewrite EXECUTE FUNCTION shop.refuse_ddl();
ALTER EVENT TRIGGER in_replicas ENABLE REPLICA;
