-- What stands on tables: views, materialised views, rules, triggers, policies, publications, event triggers.
CREATE VIEW shop.cheap AS SELECT id, name, price FROM shop.item WHERE price < 100 WITH LOCAL CHECK OPTION;
CREATE VIEW shop.guarded WITH (security_barrier, security_invoker, check_option = cascaded) AS
  SELECT * FROM shop.cheap WHERE name LIKE 'item%;' OR true;
CREATE RECURSIVE VIEW shop.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10;
-- Both need a primary key to be valid, which comes late in a restore.
CREATE VIEW shop.grouped AS SELECT id, name, count(*) AS n FROM shop.item GROUP BY id;
CREATE MATERIALIZED VIEW shop.grouped_stored AS SELECT id, name, count(*) AS n FROM shop.item GROUP BY id;
CREATE VIEW shop.on_grouped AS SELECT id, name, g.n, v.n AS now FROM shop.grouped_stored g JOIN shop.grouped v USING (id, name);
ALTER VIEW shop.cheap ALTER price SET DEFAULT 9.99;
COMMENT ON VIEW shop.cheap IS 'below one hundred';
COMMENT ON COLUMN shop.cheap.price IS 'in euros';

-- Named so that their order by name is not the order in which they can be filled.
CREATE MATERIALIZED VIEW shop.z_first AS SELECT number, name, price FROM shop.item WHERE number < 500;
CREATE MATERIALIZED VIEW shop.m_second AS SELECT number % 10 AS bucket, count(*) AS n, sum(price) AS s FROM shop.z_first GROUP BY 1;
CREATE VIEW shop.between AS SELECT bucket, n FROM shop.m_second WHERE n > 0;
CREATE MATERIALIZED VIEW "Odd Schema"."a; third" AS SELECT max(n) AS most FROM shop.between;
CREATE MATERIALIZED VIEW shop.not_filled AS SELECT 1 AS one WITH NO DATA;
CREATE MATERIALIZED VIEW shop.on_not_filled AS SELECT * FROM shop.on_grouped WITH NO DATA;
CREATE UNIQUE INDEX m_second_bucket ON shop.m_second (bucket);
ALTER MATERIALIZED VIEW shop.m_second CLUSTER ON m_second_bucket;
CREATE STATISTICS shop.m_statistics ON bucket, n FROM shop.m_second;
COMMENT ON MATERIALIZED VIEW shop.z_first IS 'first';
-- What a materialised view depends on only by the body of a function cannot be known.
CREATE MATERIALIZED VIEW shop.by_function AS SELECT shop.uses_a_later_table() AS n;

CREATE RULE cheap_insert AS ON INSERT TO shop.on_grouped DO INSTEAD
  (INSERT INTO shop.change (what) VALUES ('a;b'); INSERT INTO shop.change (what) VALUES (new.name));
CREATE RULE keep AS ON DELETE TO shop.change WHERE old.id < 0 DO INSTEAD NOTHING;
CREATE RULE count_inserts AS ON INSERT TO shop.empty_table DO ALSO INSERT INTO shop.change (what) VALUES ('by a rule');
ALTER TABLE shop.change DISABLE RULE keep;
ALTER TABLE shop.empty_table ENABLE ALWAYS RULE count_inserts;
COMMENT ON RULE keep ON shop.change IS 'keeps';

CREATE TRIGGER spoil BEFORE INSERT OR UPDATE OF name, price ON shop.item FOR EACH ROW
  WHEN (new.name <> 'x; y') EXECUTE FUNCTION shop.spoil_row();
CREATE TRIGGER spoil_always BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.spoil_row();
ALTER TABLE shop.item ENABLE ALWAYS TRIGGER spoil_always;
CREATE TRIGGER on_replica AFTER DELETE ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.refuse('an argument', 'it''s', E'\\n');
ALTER TABLE shop.item ENABLE REPLICA TRIGGER on_replica;
CREATE TRIGGER refuse_all BEFORE INSERT ON shop.nasty_text EXECUTE FUNCTION shop.refuse();
CREATE TRIGGER "off; trigger" BEFORE TRUNCATE ON shop.nasty_text EXECUTE FUNCTION shop.refuse();
ALTER TABLE shop.nasty_text DISABLE TRIGGER "off; trigger";
CREATE TRIGGER whole AFTER UPDATE ON shop.queue REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION shop.count_change();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON shop.pair FROM shop.item DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION shop.refuse();
CREATE TRIGGER on_partitions AFTER INSERT ON shop.measured FOR EACH ROW EXECUTE FUNCTION shop.refuse();
ALTER TABLE shop.measured_2026 DISABLE TRIGGER on_partitions;
CREATE TRIGGER instead INSTEAD OF INSERT ON shop.cheap FOR EACH ROW EXECUTE FUNCTION shop.count_change();
CREATE TRIGGER far AFTER INSERT ON shop.remote FOR EACH ROW EXECUTE FUNCTION shop.count_change();
COMMENT ON TRIGGER spoil ON shop.item IS 'spoils';

ALTER TABLE shop.item ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.nasty_text ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "none; at all" ON shop.nasty_text AS RESTRICTIVE FOR ALL TO PUBLIC USING (false) WITH CHECK (id > 0);
CREATE POLICY readers ON shop.item FOR SELECT TO torture_reader, "Odd ""Role"", with; signs" USING (price < 10);
CREATE POLICY writers ON shop.item FOR INSERT TO torture_writer WITH CHECK (name <> ';');
COMMENT ON POLICY readers ON shop.item IS 'reads cheap things';

CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate');
CREATE PUBLICATION filtered FOR TABLE shop.item (id, number, name) WHERE (id > 5), ONLY shop.parent_a, shop.measured
  WITH (publish_via_partition_root = true, publish = 'insert');
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA "Odd Schema";
CREATE PUBLICATION of_nothing;
CREATE SUBSCRIPTION asleep CONNECTION 'host=192.0.2.1 password=''subscription secret'' dbname=x' PUBLICATION there, "and; here"
  WITH (connect = false, enabled = false, slot_name = NONE, create_slot = false, binary = true);
COMMENT ON PUBLICATION filtered IS 'some';
COMMENT ON SUBSCRIPTION asleep IS 'asleep';
