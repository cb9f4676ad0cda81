-- Schemas, extensions, and every way to make a type, a collation, an operator or a cast.
COMMENT ON SCHEMA public IS E'a comment\nof two lines; with a semicolon and a backslash \\ at its end \\';
CREATE SCHEMA shop AUTHORIZATION torture_owner;
CREATE SCHEMA extensions;
CREATE SCHEMA "Odd Schema";
CREATE SCHEMA "schéma ""quoted"".dotted" AUTHORIZATION "Odd ""Role"", with; signs";
CREATE SCHEMA empty_schema;
COMMENT ON SCHEMA "Odd Schema" IS 'it''s odd $$ $body$';

CREATE EXTENSION hstore SCHEMA extensions;
CREATE EXTENSION citext SCHEMA extensions;
CREATE EXTENSION ltree SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION btree_gist SCHEMA extensions;
CREATE EXTENSION unaccent SCHEMA extensions;
CREATE EXTENSION tablefunc SCHEMA extensions;
CREATE EXTENSION file_fdw;
CREATE EXTENSION postgres_fdw SCHEMA extensions;
COMMENT ON EXTENSION hstore IS 'a comment of our own';

CREATE COLLATION shop.bytewise (provider = libc, locale = 'C');
CREATE COLLATION "Odd Schema"."Coll" FROM "C";
COMMENT ON COLLATION shop.bytewise IS 'by bytes';
\if :icu
CREATE COLLATION shop.case_insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE shop.collated (
  name text COLLATE shop.case_insensitive PRIMARY KEY,
  german text COLLATE "de-x-icu",
  CHECK (german COLLATE "sv-x-icu" > ''));
INSERT INTO shop.collated VALUES ('Ärger', 'straße'), ('zebra', 'ZEBRA');
CREATE INDEX collated_german ON shop.collated (german COLLATE "fr-x-icu" DESC NULLS LAST);
\endif

CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'it''s, "great"', 'ünïcode', '');
ALTER TYPE shop.mood ADD VALUE 'between' BEFORE 'ok';
CREATE TYPE "Odd Schema"."Enum Type" AS ENUM ();
COMMENT ON TYPE shop.mood IS 'how it goes';

CREATE DOMAIN shop.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT "must be > 0" CHECK (VALUE > 0);
CREATE DOMAIN shop.small AS shop.positive CHECK (VALUE < 1000);
CREATE DOMAIN shop.matrix AS integer[][] CHECK (array_ndims(VALUE) = 2);
CREATE DOMAIN shop.email AS extensions.citext CHECK (VALUE ~ '^[^@]+@[^@]+$');
ALTER DOMAIN shop.small ADD CONSTRAINT later CHECK (VALUE <> 13) NOT VALID;
COMMENT ON CONSTRAINT later ON DOMAIN shop.small IS 'not valid yet';

CREATE TYPE shop.point3 AS (x double precision, y double precision, z double precision);
CREATE TYPE shop.line3 AS (a shop.point3, b shop.point3, tags text[], "odd ""column""" text COLLATE "C");
ALTER TYPE shop.point3 ADD ATTRIBUTE w numeric(10, 2);
ALTER TYPE shop.point3 DROP ATTRIBUTE z;
COMMENT ON COLUMN shop.point3.w IS 'comment of an attribute';

CREATE FUNCTION shop.mood_distance(a timestamptz, b timestamptz) RETURNS float8
  LANGUAGE sql IMMUTABLE AS 'SELECT extract(epoch FROM a - b)::float8';
CREATE TYPE shop.period AS RANGE (subtype = timestamptz, subtype_diff = shop.mood_distance,
  multirange_type_name = shop."shop periods");
CREATE TYPE shop.textrange AS RANGE (subtype = text, collation = "C");

-- A base type with functions of its own.
CREATE TYPE shop.tally;
CREATE FUNCTION shop.tally_in(cstring) RETURNS shop.tally LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION shop.tally_out(shop.tally) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE shop.tally (INPUT = shop.tally_in, OUTPUT = shop.tally_out, LIKE = integer, CATEGORY = 'N',
  DEFAULT = '7', DELIMITER = ';', COLLATABLE = false);
CREATE TYPE shop.only_a_shell;
COMMENT ON TYPE shop.only_a_shell IS 'never finished';

CREATE CAST (shop.tally AS integer) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (integer AS shop.tally) WITHOUT FUNCTION;
CREATE CAST (shop.mood AS extensions.citext) WITH INOUT AS ASSIGNMENT;
CREATE FUNCTION shop.point3_text(shop.point3) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1).x::text$$;
CREATE CAST (shop.point3 AS text) WITH FUNCTION shop.point3_text(shop.point3);
COMMENT ON CAST (shop.tally AS integer) IS 'binary';

CREATE FUNCTION shop.tally_less(shop.tally, shop.tally) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE FUNCTION shop.tally_more(shop.tally, shop.tally) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE FUNCTION shop.tally_equal(shop.tally, shop.tally) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION shop.tally_compare(shop.tally, shop.tally) RETURNS integer
  LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE OPERATOR shop.<# (FUNCTION = shop.tally_less, LEFTARG = shop.tally, RIGHTARG = shop.tally,
  COMMUTATOR = OPERATOR(shop.>#), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR shop.># (FUNCTION = shop.tally_more, LEFTARG = shop.tally, RIGHTARG = shop.tally,
  COMMUTATOR = OPERATOR(shop.<#));
CREATE OPERATOR shop.=# (FUNCTION = shop.tally_equal, LEFTARG = shop.tally, RIGHTARG = shop.tally,
  COMMUTATOR = OPERATOR(shop.=#), HASHES, MERGES);
CREATE OPERATOR shop.@#@ (FUNCTION = shop.tally_out, RIGHTARG = shop.tally);
COMMENT ON OPERATOR shop.<# (shop.tally, shop.tally) IS 'less';
CREATE OPERATOR FAMILY shop.tally_family USING btree;
CREATE OPERATOR CLASS shop.tally_ops DEFAULT FOR TYPE shop.tally USING btree FAMILY shop.tally_family AS
  OPERATOR 1 shop.<#, OPERATOR 3 shop.=#, OPERATOR 5 shop.>#,
  FUNCTION 1 shop.tally_compare(shop.tally, shop.tally);
CREATE OPERATOR FAMILY shop.lonely_family USING hash;
COMMENT ON OPERATOR CLASS shop.tally_ops USING btree IS 'orders tallies';

CREATE CONVERSION shop.latin1_to_utf8 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE ACCESS METHOD heap_again TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD heap_again IS 'the same as heap';
CREATE FUNCTION shop.handle() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION shop.handle_inline(internal) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION shop.validate(oid) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE TRUSTED LANGUAGE plpgsql_again HANDLER shop.handle INLINE shop.handle_inline VALIDATOR shop.validate;

CREATE TEXT SEARCH PARSER shop.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,
  LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE shop.template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY shop.dictionary (TEMPLATE = shop.template, accept = false, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION shop.words (PARSER = shop.parser);
ALTER TEXT SEARCH CONFIGURATION shop.words ADD MAPPING FOR asciiword, word WITH shop.dictionary, simple;
COMMENT ON TEXT SEARCH CONFIGURATION shop.words IS 'words of the shop';
