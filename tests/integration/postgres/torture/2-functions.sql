-- Functions, procedures, aggregates: bodies that look like everything a reader of scripts may stumble over.
CREATE FUNCTION shop.looks_like_a_script(a integer DEFAULT 1, b text DEFAULT 'x; y', OUT c text, OUT d integer)
  RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER COST 7 ROWS 13 PARALLEL SAFE
  SET search_path = shop, pg_temp SET work_mem = '7MB' AS $outer$
-- a comment; with a semicolon
/* another; 'unbalanced */
DECLARE
  s text := 'it''s' || E'\'; \\' || $inner$ ; $$ \. $inner$;
BEGIN
  s := s || $q$COPY shop.nothing (a, b) FROM stdin;
1	2
\.
\connect nowhere
\restrict forever
\unrestrict forever
SET standard_conforming_strings = off;
--
-- Name: not_a_table; Type: TABLE; Schema: shop; Owner: nobody
--
CREATE TABLE shop.not_a_table (a integer);
$q$;
--
-- Name: nor_this; Type: TABLE; Schema: shop; Owner: nobody
--
  RETURN QUERY SELECT b, a;
END
$outer$;
COMMENT ON FUNCTION shop.looks_like_a_script(integer, text) IS E'a comment\n--\n-- Name: fake; Type: TABLE\n--\n\\.\n\\connect x\n;';

CREATE FUNCTION shop.standard_body(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE
  BEGIN ATOMIC SELECT a + b; SELECT CASE WHEN a > b THEN a ELSE b END; END;
CREATE FUNCTION shop.variadic_any(VARIADIC args text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT LEAKPROOF
  AS 'SELECT array_to_string(args, '';'')';
CREATE FUNCTION shop.polymorphic(anyelement, anyarray, INOUT x anycompatible, y anycompatiblerange DEFAULT NULL)
  LANGUAGE sql AS 'SELECT $3';
CREATE FUNCTION shop.table_of() RETURNS TABLE ("Key" integer, "the value" text)
  LANGUAGE sql AS $$VALUES (1, 'a;b'), (2, '$')$$;
CREATE FUNCTION "Odd Schema"."f;x ""y"" ()"(" arg 1" integer) RETURNS void LANGUAGE plpgsql_again AS $$BEGIN NULL; END$$;
CREATE FUNCTION shop.uses_a_later_table() RETURNS bigint LANGUAGE plpgsql AS
  $$BEGIN RETURN (SELECT count(*) FROM shop.item); END$$;
CREATE FUNCTION shop.old_style_string() RETURNS text LANGUAGE sql IMMUTABLE AS E'SELECT \'a\\\\b\n;\'';
CREATE FUNCTION shop.crlf() RETURNS text LANGUAGE sql IMMUTABLE AS E'SELECT 1;\r\nSELECT \'carriage\r return\';\t';

CREATE PROCEDURE shop.transfer(sender integer, receiver integer, amount numeric, INOUT done boolean DEFAULT NULL)
  LANGUAGE plpgsql AS $$BEGIN done := amount > 0; COMMIT; END$$;
CREATE PROCEDURE shop.atomic_procedure() BEGIN ATOMIC SELECT 1 AS one; SELECT ';' AS text; END;
COMMENT ON PROCEDURE shop.transfer IS 'commits';

CREATE AGGREGATE shop.total(numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0', PARALLEL = SAFE,
  MSFUNC = numeric_add, MINVFUNC = numeric_sub, MSTYPE = numeric, MINITCOND = '0', COMBINEFUNC = numeric_add);
CREATE AGGREGATE shop.part_of(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION shop.least_of(shop.tally, shop.tally) RETURNS shop.tally LANGUAGE internal IMMUTABLE STRICT
  AS 'int4smaller';
CREATE AGGREGATE shop.smallest(shop.tally) (SFUNC = shop.least_of, STYPE = shop.tally, SORTOP = OPERATOR(shop.<#));
COMMENT ON AGGREGATE shop.total(numeric) IS 'sum under another name';

-- What triggers run. Each would change or refuse rows if it ran while data is loaded.
CREATE FUNCTION shop.count_change() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO shop.change (what) VALUES (TG_TABLE_NAME || ' ' || TG_OP); RETURN NEW; END$$;
CREATE FUNCTION shop.spoil_row() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN NEW.name := 'spoilt by ' || TG_NAME; RETURN NEW; END$$;
CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'refused by %', TG_NAME; END$$;
CREATE FUNCTION shop.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'no % here', tg_tag; END$$;
