"""What a snapshot of a PostgreSQL database costs: storage for a second one, memory for large tables and many tables.

The large data sets are made when DBSNAP_TEST_LARGE is set: a table of 2 GB and rows of 200 MB.
"""

import os
import subprocess

from peak_memory import measured
from postgres_compare import assert_equal, describe
from postgres_world import client_environment, left_behind

LARGE = bool(os.environ.get("DBSNAP_TEST_LARGE"))
MANY_TABLES = 5000 if LARGE else 500
ROWS = 120_000


def stored_bytes(repository):
    return sum(file.stat().st_size for file in repository.path.rglob("*") if file.is_file())


def compressed_dump_bytes(database):
    command = f"{database.server.clients}/pg_dump -d '{database.url}' | zstd -3 -q | wc -c"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, env=client_environment())
    return int(done.stdout)


def test_a_day_of_scattered_changes_costs_a_twentieth_of_a_compressed_dump(pg_source, plain_repository):
    # Text that does not repeat, so that only what changed can be cheap.
    pg_source.run(
        f"CREATE TABLE item AS SELECT i AS id, md5(i::text) AS name, md5((i * 31)::text) || md5((i * 17)::text) AS body, "
        f"i % 1000 AS owner FROM generate_series(1, {ROWS}) i",
        "ALTER TABLE item ADD PRIMARY KEY (id)",
        "VACUUM ANALYZE item",
    )
    plain_repository.backup(pg_source)
    first = stored_bytes(plain_repository)
    # One row in a thousand everywhere, some new ones, some gone.
    pg_source.run(
        "UPDATE item SET owner = owner + 1, name = md5(name) WHERE id % 1000 = 7",
        f"INSERT INTO item SELECT i, md5(i::text), md5((i * 31)::text), 5 FROM generate_series({ROWS} + 1, {ROWS} + 150) i",
        "DELETE FROM item WHERE id % 4000 = 3",
    )
    plain_repository.backup(pg_source)
    growth = stored_bytes(plain_repository) - first
    assert growth <= compressed_dump_bytes(pg_source) / 20


def test_a_table_that_is_read_in_ranges_comes_back_whole(postgres, pg_source, pg_target, plain_repository):
    # 220 MB of pages that are nearly empty; some of them quite.
    pg_source.run(
        "CREATE TABLE sparse (id integer, a text) WITH (fillfactor = 10)",
        "INSERT INTO sparse SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 55000) i",
        "DELETE FROM sparse WHERE id % 7 = 3 OR id BETWEEN 20000 AND 30000",
        "VACUUM sparse",
        "INSERT INTO sparse SELECT -i, 'late' FROM generate_series(1, 3000) i",
    )
    snapshot = plain_repository.backup(pg_source)
    shown = plain_repository.ok("show", snapshot, "--json").document
    ranges = [entry for entry in shown["entries"] if entry["name"].startswith("table/public.sparse")]
    assert len(ranges) > 1
    assert sum(entry["size_bytes"] > 0 for entry in ranges) > 1
    plain_repository.ok("restore", snapshot, "--to", pg_target.url)
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))


def test_many_small_tables_fit_into_little_memory(postgres, pg_source, pg_target, plain_repository):
    with pg_source.connect() as connection:
        for start in range(0, MANY_TABLES, 500):
            connection.execute(
                "; ".join(
                    f"CREATE TABLE t{i} (id integer PRIMARY KEY, a text DEFAULT 'x'); INSERT INTO t{i} VALUES ({i}, 'row')"
                    for i in range(start, min(start + 500, MANY_TABLES))
                )
            )
    snapshot, backup_mib = measured(plain_repository, "backup", pg_source.url)
    _, restore_mib = measured(plain_repository, "restore", snapshot, "--to", f"{pg_target.url}?in_place=parallel")
    assert backup_mib <= 256
    assert restore_mib <= 256
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))
    assert left_behind(postgres) == []


def test_a_large_table_fits_into_little_memory(postgres, pg_source, pg_target, plain_repository):
    megabytes = 2000 if LARGE else 60
    pg_source.run(
        f"CREATE TABLE large AS SELECT i AS id, md5(i::text) || md5((i * 3)::text) || repeat(md5((i * 5)::text), 28) AS a "
        f"FROM generate_series(1, {megabytes} * 1000) i",
    )
    snapshot, backup_mib = measured(plain_repository, "backup", pg_source.url)
    _, restore_mib = measured(plain_repository, "restore", snapshot, "--to", pg_target.url)
    assert backup_mib <= 256
    assert restore_mib <= 256
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))


def test_rows_of_many_megabytes_come_back(postgres, pg_source, pg_target, plain_repository):
    megabytes = 200 if LARGE else 20
    pg_source.run(
        "CREATE TABLE wide (id integer, a text, b bytea)",
        "ALTER TABLE wide ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL",
        # Every byte of `b` needs two in text, which is what PostgreSQL sends for it.
        f"INSERT INTO wide SELECT i, repeat(md5(i::text), {megabytes} * 32768), NULL FROM generate_series(1, 3) i",
        f"INSERT INTO wide VALUES (4, E'\\\\\\n', decode(repeat(md5('x'), {megabytes} * 16384), 'hex'))",
    )
    snapshot = plain_repository.backup(pg_source)
    plain_repository.ok("restore", snapshot, "--to", pg_target.url)
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))

