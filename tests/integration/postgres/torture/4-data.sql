-- Values that a text form could lose: escapes, extremes, nulls beside empty strings, every type.
INSERT INTO shop.item (number, name, price, mood, "Camel ""Case""", "select", U&"new\000Aline", parent)
SELECT i, 'item ' || i || repeat('.', i % 50), i * 1.25, (ARRAY['sad', 'ok', 'ünïcode', '', 'between'])[i % 5 + 1]::shop.mood,
  nullif(i % 7, 0), CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE md5(i::text) END, E'\\N', NULL
FROM generate_series(1, 2000) i;
UPDATE shop.item SET parent = (SELECT id FROM shop.item o WHERE o.number = 2001 - item.number) WHERE number % 3 = 0;
DELETE FROM shop.item WHERE number % 11 = 0;

CREATE TABLE shop.nasty_text (id integer PRIMARY KEY, value text, other text);
INSERT INTO shop.nasty_text (id, value, other) VALUES
  (1, E'\\N', E'\\.'), (2, NULL, ''), (3, E'\\', E'\\\\N'), (4, E'tab\there', E'\t'), (5, E'line\nbreak', E'\n'),
  (6, E'carriage\rreturn', E'\r\n'), (7, E'\b\f\v', E'\x01\x1f\x7f'), (8, E'\\.', NULL), (9, E'\\.\n\\.', E'\n\\.\n'),
  (10, 'ünïcödé ☃ 🐘', E'\u200f\u202e\ufeff'), (11, ' leading and trailing ', E'e\u0301 is not é'), (12, 'NULL', 'null'),
  (13, '"quoted", ''single''', '{a,b}'), (14, E'\\r\\n\\t\\x41\\101', '$$;--/*'), (15, E'\\restrict x\n\\connect y', ';');
INSERT INTO shop.nasty_text SELECT 100 + i, chr(i), 'a' || chr(i) || 'b' FROM generate_series(1, 300) i;

CREATE TABLE shop.every_type (
  id serial PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(5, 2),
  m money, c char(7), v varchar(9), t text, ch "char", nm name, by bytea, d date, ti time, tz timetz(3), ts timestamp,
  tstz timestamptz(6), iv interval, ivs interval day to second, u uuid, i inet, ci cidr, ma macaddr, ma8 macaddr8, bi bit(5), vb bit varying(9),
  p point, l line, ls lseg, bo box, pa path, po polygon, cc circle, j json, jb jsonb, jp jsonpath, x xml, tv tsvector,
  tq tsquery, o oid, rc regclass, rt regtype, lsn pg_lsn, xs pg_snapshot, ar integer[], ar2 text[][], r4 int4range,
  rn numrange, rd daterange, mr int4multirange, md nummultirange, en shop.mood, ea shop.mood[], dm shop.small, dx shop.matrix,
  em shop.email, co shop.line3, ca shop.point3[], pe shop.period, pm shop."shop periods", hs extensions.hstore, lt extensions.ltree,
  ta shop.tally, taa shop.tally[], tr shop.textrange);
INSERT INTO shop.every_type (b, i2, i4, i8) VALUES
  (true, 32767, 2147483647, 9223372036854775807), (false, -32768, -2147483648, -9223372036854775808), (NULL, 0, 0, 0);
INSERT INTO shop.every_type (f4, f8) VALUES ('NaN', 'NaN'), ('Infinity', '-Infinity'), (1.17549435e-38, 5e-324),
  (3.4028235e38, 1.7976931348623157e308), ('-0', '-0'), (0.1, 0.1), (1.0000001, 1.0000000000000002);
INSERT INTO shop.every_type (n, n2, m) VALUES ('NaN', 'NaN', '$92,233,720,368,547,758.07'), ('Infinity', 999.99, '-$1.00'),
  ('-Infinity', -0.01, NULL), (1e-1000, 0, 0), (repeat('9', 1000)::numeric, NULL, NULL), (1.5000, NULL, NULL), (-0.00, NULL, NULL);
INSERT INTO shop.every_type (c, v, t, ch, nm) VALUES ('a', 'é''"\', '', '', ''), ('  b', '   ', ' ', '\', 'a "name"; '), ('', '', '', 'c', 'x');
INSERT INTO shop.every_type (by) VALUES (''), ('\x00'), ('\x5c'), ('\x00ff5c27220a0d09'), ('\x5c2e0a'),
  ((SELECT string_agg(set_byte('\x00'::bytea, 0, i), '') FROM generate_series(0, 255) i));
INSERT INTO shop.every_type (d, ti, tz, ts, tstz) VALUES ('infinity', '24:00:00', '23:59:59.999+15:59', 'infinity', '-infinity'),
  ('4713-01-01 BC', '00:00:00.000001', '00:00-15:59', '4713-01-01 00:00:00 BC', '0001-01-01 00:00:00+00 BC'),
  ('5874897-12-31', '12:00', '12:00+00', '294276-12-31 23:59:59.999999', '2025-03-30 02:30:00+02'),
  ('-infinity', NULL, NULL, '-infinity', 'infinity'), ('2024-02-29', NULL, NULL, '1999-12-31 23:59:59.9', '1900-01-01 00:00:00+00');
INSERT INTO shop.every_type (iv, ivs) VALUES ('-178000000 years', '5 days 3 hours'), ('1 year -1 day 00:00:00.000001', '-1 day +2 hours'),
  ('-1 mon -1 day -1 sec', '0'), ('0', '-00:00:01'), ('178000000 years', NULL);
INSERT INTO shop.every_type (u, i, ci, ma, ma8, bi, vb) VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::ffff:1.2.3.4/128',
  '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', B'10101', B''), (NULL, '192.168.0.1/24', '::/0', NULL, NULL, B'00000', B'1');
INSERT INTO shop.every_type (p, l, ls, bo, pa, po, cc) VALUES ('(1e300,-0)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))',
  '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),5>'), ('(NaN,Infinity)', NULL, NULL, NULL, '((0,0),(1,1))', NULL, NULL);
INSERT INTO shop.every_type (j, jb, jp) VALUES ('{"a" :  1, "a": 2, "\u00e9": "\\"}', '{"b": [1.10, null], "a": {}, "\\": "\n\""}',
  '$."a b"[*] ? (@ > 1 && @ like_regex "^\\d")'), ('null', 'null', NULL), ('""', '"\u2603"', 'strict $');
\if :xml
INSERT INTO shop.every_type (x) VALUES ('<a b="c">&lt;;''</a>'), (xmlparse(content 'text <b/> more'));
\endif
INSERT INTO shop.every_type (tv, tq, o, rc, rt, lsn, xs) VALUES ('a:1A b:2B ''it''''s'':3 ''\\\\'':4', 'a & !b | ''c d'':*', 4294967295,
  'shop.item', 'shop.mood', 'FFFFFFFF/FFFFFFFF', '10:20:10,14,15'), ('', '', 0, '-', '-', '0/0', '1:1:');
INSERT INTO shop.every_type (ar, ar2) VALUES ('{1,NULL,-3}', '{{"a","NULL",""},{NULL,"\\","\""}}'), ('{}', '{}'),
  ('[-2:0]={1,2,3}', '[5:6][-1:0]={{"x,y","{}"},{"\t",";"}}');
INSERT INTO shop.every_type (r4, rn, rd, mr, md) VALUES ('empty', '(,5.5]', '[2025-01-01,)', '{[1,3),[5,7)}', '{(,1),(2,)}'),
  ('(,)', 'empty', '(,)', '{}', '{}');
INSERT INTO shop.every_type (en, ea, dm, dx, em) VALUES ('it''s, "great"', '{sad,"",NULL,"it''s, \"great\""}', 999, '{{1,2},{3,4}}',
  'Some.One@Example.org'), ('', '{}', 1, NULL, NULL);
INSERT INTO shop.every_type (co, ca, pe, pm, hs, lt, ta, taa, tr) VALUES
  (ROW(ROW(1.5, -2, 3.25), NULL, ARRAY['a;"', NULL, '', '(,)'], E'odd \\ "value"\n'),
   ARRAY[ROW(1, 2, 3), NULL, ROW(NULL, NULL, NULL)]::shop.point3[], '[2025-01-01 00:00:00+00, infinity)',
   '{[2025-01-01 00:00:00+00,2025-02-01 00:00:00+00)}', '"a "=>"\"b\"", c=>NULL, ""=>"\\"', 'Top.Science', '7',
   '{1;2;NULL}', '["a,b","c\")")'),
  (ROW(NULL, NULL, NULL, NULL), '{}', 'empty', '{}', '', '', '-5', '{}', '(,)');

INSERT INTO "Odd Schema"."Table; DROP TABLE x; --" VALUES (1, 'a', 'b', 'c', 'd'), (2, NULL, ';', E'\\', E'\n');
INSERT INTO "Odd Schema".U&"two\000Alines" VALUES (1, '$2', ':w', E'\\.'), (2, '%s', NULL, '');
INSERT INTO "schéma ""quoted"".dotted"."a.b" SELECT generate_series(1, 10);
INSERT INTO "Odd Schema"."CON.pack/../etc" VALUES (1, 'file?');
INSERT INTO public."a name of sixty-three bytes, which is as long as a name can be.." VALUES (63);
INSERT INTO shop.no_columns SELECT FROM generate_series(1, 5);
INSERT INTO shop.only_generated SELECT FROM generate_series(1, 4);
INSERT INTO shop.dropped (a, b, c, late, later) VALUES (1, NULL, NULL, NULL, 'later');
INSERT INTO shop.typed VALUES (1, 2, 3), (4, NULL, NULL);
INSERT INTO shop.unlogged SELECT i, 'row ' || i FROM generate_series(1, 200) i;
INSERT INTO shop.other_method SELECT generate_series(1, 50);
INSERT INTO shop.full_identity SELECT nextval('shop.belongs') FROM generate_series(1, 6);
INSERT INTO shop.parent_a VALUES (1, 'only in a');
INSERT INTO shop.parent_b VALUES (2, 'only in b');
INSERT INTO shop.child (a, shared, b, c) VALUES (1, DEFAULT, 2, 5), (7, 'x', NULL, NULL);
INSERT INTO shop.grandchild (a, b, c, d) VALUES (4, 5, 6, 'deep');
INSERT INTO shop.stranger VALUES (2, 'strange', 1);
BEGIN;
INSERT INTO shop.egg SELECT i, i + 100 FROM generate_series(1, 20) i;
INSERT INTO shop.chicken SELECT i + 100, i FROM generate_series(1, 20) i;
COMMIT;
INSERT INTO shop.pair SELECT i, i FROM generate_series(0, 9) i;
INSERT INTO shop.pair_user VALUES (1, 1), (NULL, NULL), (9, 9);
INSERT INTO shop.booking VALUES (1, '[2025-01-01, 2025-01-02)', false), (1, '[2025-01-01, 2025-01-03)', true), (NULL, 'empty', false);
INSERT INTO shop.queue SELECT i, nullif(i, 50) FROM generate_series(1, 100) i;
INSERT INTO shop.measured (at, place, value)
SELECT '2025-06-01 00:00:00+00'::timestamptz + i * interval '1 day', (ARRAY['north', 'south', 'it''s "far"'])[i % 3 + 1], i / 3.0
FROM generate_series(1, 400) i;
INSERT INTO shop.hashed SELECT i, 'hash ' || i FROM generate_series(1, 100) i;
INSERT INTO shop.by_mood VALUES ('sad', 'a'), ('ok', 'b'), (NULL, 'c'), ('between', 'd');
INSERT INTO shop.refers_to_partitioned SELECT at, place, id FROM shop.measured LIMIT 30;
INSERT INTO shop.mixed VALUES (1, 'here'), (99, 'here too');
INSERT INTO shop.change (what) SELECT 'change ' || i FROM generate_series(1, 25) i;

-- Stored out of line: what compresses and what does not, beside small rows.
CREATE TABLE shop.toasted (id integer PRIMARY KEY, compressible text, noise bytea, lz text COMPRESSION pglz);
ALTER TABLE shop.toasted ALTER noise SET STORAGE EXTERNAL;
INSERT INTO shop.toasted SELECT i, repeat('abc;' || i, i * 1000),
  (SELECT string_agg(decode(md5(i * 1000 + k || ''), 'hex'), '') FROM generate_series(1, i * 100) k), repeat(E'\\\n', i * 500)
FROM generate_series(1, 30) i;

SELECT setval('shop.plain_sequence', 123456789012), setval('"Odd Schema"."seq; ''x''"', -99, false);
SELECT nextval('shop.used_up') FROM generate_series(1, 3);
SELECT nextval('shop.unlogged_sequence');

-- Large objects: none, small, several pages; owned, granted, commented.
SELECT lo_create(200001);
SELECT lo_from_bytea(200002, '\x00ff5c0a'), lo_from_bytea(200003, (SELECT noise FROM shop.toasted WHERE id = 30));
SELECT lo_from_bytea(200004, convert_to(repeat('large object; ', 200000), 'UTF8'));
SELECT lo_from_bytea(4294967000, 'the highest');
SELECT lo_put(200005, 1000000, 'after a hole') FROM (SELECT lo_create(200005)) made;
COMMENT ON LARGE OBJECT 200002 IS 'a ''commented'' object';
ALTER LARGE OBJECT 200003 OWNER TO torture_owner;
GRANT SELECT, UPDATE ON LARGE OBJECT 200003 TO torture_reader WITH GRANT OPTION;
