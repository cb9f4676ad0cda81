"""The tools of the PostgreSQL tests themselves: servers start and stop, and a comparison finds what differs."""

import subprocess

import pytest
from postgres_compare import assert_equal, describe, differences
from postgres_world import LEFT_BEHIND, PostgresServer, client_environment, left_behind, maintenance, new_database


@pytest.fixture(scope="module")
def copies(postgres, torture):
    """The torture database, described, and what pg_dump and psql make of it."""
    copy = new_database(postgres, "copy")
    dump = subprocess.run(
        [str(postgres.clients / "pg_dump"), "-d", torture.url], capture_output=True, check=True, env=client_environment()
    )
    subprocess.run(
        [str(postgres.clients / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copy.url],
        input=dump.stdout,
        check=True,
        capture_output=True,
        env=client_environment(),
    )
    return describe(postgres, torture.name), copy


def test_a_database_that_pg_dump_and_psql_copied_is_found_equal(postgres, copies):
    description, copy = copies
    assert len(description.definitions) > 300
    assert sum(description.rows.values()) > 3000
    assert_equal(description, describe(postgres, copy.name))


CHANGES = [
    # A change, and the line by which it has to be found.
    ("UPDATE shop.queue SET slot = -1 WHERE position = 7", "contents of shop.queue"),
    ("UPDATE shop.nasty_text SET other = NULL WHERE id = 2", "contents of shop.nasty_text"),
    ("SELECT setval('shop.plain_sequence', 5)", "sequences of shop.plain_sequence"),
    ("SELECT setval('shop.never_used', 42)", "sequences of shop.never_used"),
    ("SELECT lo_put(200002, 3, 'x')", "large_objects of 200002"),
    ("GRANT SELECT ON shop.pair TO torture_reader", "GRANT SELECT ON TABLE shop.pair TO torture_reader"),
    ("ALTER INDEX shop.queue_hash RENAME TO other", "CREATE INDEX other ON"),
    ("DROP COLLATION shop.bytewise", "CREATE COLLATION shop.bytewise"),
]


def test_every_one_of_several_changes_is_found(postgres, copies):
    description, copy = copies
    with copy.connect() as connection:
        connection.execute("SET session_replication_role = replica")  # without this the event trigger refuses
        for change, _ in CHANGES:
            connection.execute(change)
        lines = differences(description, describe(postgres, copy.name))
    for _, found in CHANGES:
        assert any(found in line for line in lines), found


def test_a_session_that_stays_is_found(postgres, pg_target):
    assert left_behind(postgres) == []
    with subprocess.Popen(
        [str(postgres.clients / "psql"), "-X", "-d", pg_target.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**client_environment(), "PGAPPNAME": "forgotten"},
    ) as session:
        session.stdin.write("BEGIN;\n\\echo begun\n")
        session.stdin.flush()
        assert session.stdout.readline() == "BEGIN\n"
        found = [row[0] for row in maintenance(postgres).rows(LEFT_BEHIND)]
    assert any("forgotten: idle in transaction" in line for line in found), found
    assert left_behind(postgres) == []


@pytest.mark.parametrize("version", ["14", "16", "17", "18", "18-bare"])
def test_servers_of_other_versions_start_and_leave_nothing(version):
    with PostgresServer(version) as other:
        database = new_database(other, "x")
        assert database.value("SHOW server_version_num")[:2] == version[:2]
        folder = other.folder
    assert not folder.exists()
