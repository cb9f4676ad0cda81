-- An extension whose tables hold rows of its own and rows of the user; only the user's belong into a backup.
CREATE TABLE partly (key text PRIMARY KEY, value text, is_ours boolean NOT NULL DEFAULT false);
CREATE TABLE wholly (key text PRIMARY KEY, value text);
CREATE TABLE never (key text PRIMARY KEY);
CREATE SEQUENCE counter;
INSERT INTO partly VALUES ('built in', 'by the extension', true);
INSERT INTO never VALUES ('built in');
SELECT pg_catalog.pg_extension_config_dump('partly', 'WHERE NOT is_ours');
SELECT pg_catalog.pg_extension_config_dump('wholly', '');
SELECT pg_catalog.pg_extension_config_dump('counter', '');
