"""A PostgreSQL database comes back as it was: every kind of object, into other databases, other servers, plain files."""

import gzip
import os
import shutil
import subprocess
import tempfile

import pytest
from conftest import NOBODY
from postgres_compare import assert_equal, describe
from postgres_world import (
    PostgresDatabase,
    PostgresServer,
    client_environment,
    database_names,
    left_behind,
    maintenance,
    make_torture_roles,
    new_database,
    newest_clients,
    offer_extension,
    torture_database,
)


@pytest.fixture(scope="session")
def torture_description(postgres, torture):
    return describe(postgres, torture.name)


@pytest.fixture
def snapshot(plain_repository, torture):
    """A snapshot of the torture database."""
    return plain_repository.backup(torture)


def load_with_psql(database, text):
    """Runs a script as psql would for a person who restores without dbsnap."""
    command = [str(database.server.clients / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url]
    done = subprocess.run(command, input=text, capture_output=True, check=False, env=client_environment())
    assert done.returncode == 0, done.stderr.decode()


def test_an_empty_database_is_filled_with_everything(
    postgres, torture, torture_description, plain_repository, snapshot, pg_target
):
    plain_repository.ok("restore", snapshot, "--to", pg_target.url)
    assert_equal(torture_description, describe(postgres, pg_target.name))
    assert left_behind(postgres) == []
    assert torture_description == describe(postgres, torture.name)


def test_a_database_that_is_not_there_is_made(postgres, torture_description, plain_repository, snapshot):
    made = PostgresDatabase(postgres, 'Made; "by" restore')
    before = database_names(postgres)
    try:
        plain_repository.ok("restore", snapshot, "--to", made.url)
        assert database_names(postgres) == sorted([*before, made.name])
        assert_equal(torture_description, describe(postgres, made.name))
        assert left_behind(postgres) == []
    finally:
        made.drop()


@pytest.mark.parametrize("version", ["17", "18"])
def test_a_newer_server_takes_what_an_older_one_gave(
    postgres, postgres_servers, torture, plain_repository, snapshot, version
):
    newer = postgres_servers(version)
    make_torture_roles(newer)
    moved = PostgresDatabase(newer, "moved")
    plain_repository.ok("restore", snapshot, "--to", moved.url)
    # Each version of the server words a view in its own way: what pg_dump and psql make of it is the measure.
    dump = [str(postgres.clients / "pg_dump"), "-d", torture.url]
    reference = new_database(newer, "reference")
    load_with_psql(reference, subprocess.run(dump, capture_output=True, check=True, env=client_environment()).stdout)
    assert_equal(describe(newer, reference.name), describe(newer, moved.name))
    assert left_behind(newer) == []


def test_what_an_extension_calls_its_configuration_comes_back(postgres_servers, plain_repository):
    server = postgres_servers("17")
    offer_extension(server)
    source = new_database(server, "configured").run(
        "CREATE EXTENSION tests_config",
        "INSERT INTO tests_config.partly VALUES ('a', 'of the user'), ('b', NULL)",
        "INSERT INTO tests_config.wholly VALUES ('c', 'all of them')",
        "SELECT nextval('tests_config.counter') FROM generate_series(1, 7)",
        "INSERT INTO tests_config.never VALUES ('the user''s own fault')",
    )
    snapshot = plain_repository.ok("backup", f"{source.url}?program_folder={newest_clients()}").out.strip()
    target = PostgresDatabase(server, "configured again")
    plain_repository.ok("restore", snapshot, "--to", target.url)
    assert target.rows("SELECT * FROM tests_config.partly ORDER BY key") == [
        ("a", "of the user", False),
        ("b", None, False),
        ("built in", "by the extension", True),
    ]
    assert target.rows("SELECT * FROM tests_config.wholly") == [("c", "all of them")]
    assert target.rows("SELECT last_value, is_called FROM tests_config.counter") == [(7, True)]
    assert target.rows("SELECT * FROM tests_config.never") == [("built in",)]


@pytest.fixture
def tablespace(postgres):
    """A tablespace of the server, named fast."""
    place = tempfile.mkdtemp(prefix="dbsnap-tablespace-")
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    maintenance(postgres).run(f"CREATE TABLESPACE fast LOCATION '{place}'")
    yield "fast"
    maintenance(postgres).run("DROP TABLESPACE fast")
    shutil.rmtree(place)


def test_tables_and_indexes_come_back_in_their_tablespace_or_without_it(
    postgres, postgres_servers, tablespace, pg_source, plain_repository
):
    pg_source.run(
        "CREATE TABLE t (a integer) TABLESPACE fast",
        "INSERT INTO t SELECT generate_series(1, 100)",
        "CREATE INDEX i ON t (a) TABLESPACE fast",
        "CREATE TABLE elsewhere (a integer)",
    )
    snapshot = plain_repository.backup(pg_source)
    in_it = "SELECT relname FROM pg_class c JOIN pg_tablespace s ON s.oid = reltablespace WHERE spcname = 'fast' ORDER BY 1"
    for words, expected in (("", [("i",), ("t",)]), ("?tablespaces=false", [])):
        copy = PostgresDatabase(postgres, "spaced")
        plain_repository.ok("restore", snapshot, "--to", f"{copy.url}{words}")
        assert copy.rows(in_it) == expected
        assert copy.value("SELECT count(*) FROM t") == 100
        copy.drop()
    other = PostgresDatabase(postgres_servers("17"), "spaced")
    result = plain_repository.fails(1, "not-found", "restore", snapshot, "--to", other.url)
    assert "fast" in result.err
    pg_source.drop()


def test_more_tables_than_a_transaction_can_lock_are_restored_without_one(pg_source, plain_repository):
    pg_source.run(*(f"CREATE TABLE t{i} (a integer)" for i in range(1500)))
    snapshot = plain_repository.backup(pg_source)
    with PostgresServer("15", settings={"max_locks_per_transaction": "10", "max_connections": "20"}) as small:
        target = new_database(small, "target")
        result = plain_repository.fails(1, "io", "restore", snapshot, "--to", target.url)
        assert "max_locks_per_transaction" in result.err
        assert "in_place=parallel" in result.err
        assert target.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        plain_repository.ok("restore", snapshot, "--to", f"{target.url}?in_place=parallel")
        assert target.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1500


def test_a_newer_server_needs_a_newer_pg_dump(postgres_servers, plain_repository, program):
    server = postgres_servers("17")
    source = torture_database(server)
    result = plain_repository.fails(2, "unsupported", "backup", source.url)
    assert "17" in result.err
    assert "pg_dump" in result.err
    assert plain_repository.ids() == []
    assert left_behind(server) == []

    path = f"{newest_clients()}:{program.env['PATH']}"
    snapshot = plain_repository.ok("backup", source.url, env={"PATH": path}).out.strip()
    target = new_database(server, "target")
    plain_repository.ok("restore", snapshot, "--to", target.url)
    assert_equal(describe(server, source.name), describe(server, target.name))


def test_an_older_server_is_refused_before_anything_is_written(postgres_servers, plain_repository, snapshot):
    older = postgres_servers("14")
    make_torture_roles(older)
    before = database_names(older)
    result = plain_repository.fails(
        24, "incompatible-version", "restore", snapshot, "--to", PostgresDatabase(older, "x").url
    )
    assert "15" in result.err
    assert "14" in result.err
    assert database_names(older) == before
    assert left_behind(older) == []


def test_what_the_server_lacks_is_named_before_anything_is_written(postgres_servers, pg_source, plain_repository):
    bare = postgres_servers("18-bare")
    before = database_names(bare)
    target = PostgresDatabase(bare, "x")

    pg_source.run('CREATE EXTENSION "uuid-ossp"', "CREATE TABLE t (a uuid DEFAULT uuid_generate_v4())")
    extension = plain_repository.backup(pg_source)
    result = plain_repository.fails(24, "incompatible-version", "restore", extension, "--to", target.url)
    assert "uuid-ossp" in result.err

    pg_source.run("DROP TABLE t", 'DROP EXTENSION "uuid-ossp"', "CREATE TABLE t (a text CHECK (a COLLATE \"sv-x-icu\" > ''))")
    collation = plain_repository.backup(pg_source)
    result = plain_repository.fails(24, "incompatible-version", "restore", collation, "--to", target.url)
    assert "sv-x-icu" in result.err
    assert database_names(bare) == before
    assert left_behind(bare) == []


def test_a_database_that_holds_something_is_replaced_only_when_asked(postgres, pg_source, pg_target, plain_repository):
    pg_source.run("CREATE TABLE account AS SELECT generate_series(1, 1000) AS id")
    snapshot = plain_repository.backup(pg_source)
    pg_target.run("CREATE TABLE precious (a integer)", "INSERT INTO precious VALUES (1)")
    before = describe(postgres, pg_target.name)

    plain_repository.fails(23, "target-not-empty", "restore", snapshot, "--to", pg_target.url)
    assert describe(postgres, pg_target.name) == before

    plain_repository.ok("restore", snapshot, "--to", pg_target.url, "--overwrite")
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))
    assert not [name for name in database_names(postgres) if "dbsnap" in name]
    assert left_behind(postgres) == []


@pytest.mark.parametrize("how", ["", ".gz", ".zst"])
def test_an_export_is_a_script_that_psql_loads(
    postgres, torture_description, plain_repository, snapshot, pg_target, folder, how
):
    file = folder / f"torture.sql{how}"
    plain_repository.ok("export", snapshot, file)
    unpack = {"": ["cat"], ".gz": ["gzip", "-dc"], ".zst": ["zstd", "-dcq"]}[how]
    text = subprocess.run([*unpack, str(file)], capture_output=True, check=True).stdout
    load_with_psql(pg_target, text)
    assert_equal(torture_description, describe(postgres, pg_target.name))


@pytest.mark.parametrize("compressed", [False, True])
def test_an_old_backup_by_pg_dump_moves_in(
    postgres, torture, torture_description, plain_repository, pg_target, folder, compressed
):
    command = [str(postgres.clients / "pg_dump"), "-d", torture.url]
    text = subprocess.run(command, capture_output=True, check=True, env=client_environment()).stdout
    file = folder / ("old.sql.gz" if compressed else "old.sql")
    file.write_bytes(gzip.compress(text, 1) if compressed else text)
    snapshot = plain_repository.ok("import", file, "--as", torture.url).out.strip()
    plain_repository.ok("restore", snapshot, "--to", pg_target.url)
    assert_equal(torture_description, describe(postgres, pg_target.name))
    assert left_behind(postgres) == []


def test_a_script_that_drops_its_database_is_not_run(postgres, pg_source, plain_repository, folder):
    pg_source.run("CREATE TABLE precious AS SELECT 1 AS a")
    command = [str(postgres.clients / "pg_dump"), "--create", "--clean", "-d", pg_source.url]
    file = folder / "clean.sql"
    file.write_bytes(subprocess.run(command, capture_output=True, check=True, env=client_environment()).stdout)
    snapshot = plain_repository.ok("import", file, "--as", pg_source.url).out.strip()
    plain_repository.fails(2, "unsupported", "restore", snapshot, "--to", pg_source.url, "--overwrite")
    assert pg_source.value("SELECT a FROM precious") == 1
    assert left_behind(postgres) == []


def test_the_value_of_a_setting_cannot_carry_statements(postgres, pg_source, pg_target, plain_repository):
    role = "dbsnap_intruder"
    maintenance(postgres).run(f"CREATE ROLE {role} LOGIN")
    value = f"public;ALTER/**/ROLE/**/{role}/**/SUPERUSER"
    try:
        pg_source.run(
            f"ALTER DATABASE {pg_source.name} SET search_path TO \"$user\", public, \"a,b\"",
            f"SELECT set_config('search_path', '{value}', false)",
            f"ALTER ROLE {role} IN DATABASE {pg_source.name} SET search_path FROM CURRENT",
        )
        snapshot = plain_repository.backup(pg_source)
        pg_target.drop()
        plain_repository.ok("restore", snapshot, "--to", pg_target.url)
        settings = (
            "SELECT array_agg(setconfig::text ORDER BY setrole) FROM pg_db_role_setting s "
            f"JOIN pg_database d ON d.oid = setdatabase WHERE datname = '{pg_target.name}'"
        )
        of_database, of_role = pg_target.value(settings)
        assert of_database == '{"search_path=\\"$user\\", public, \\"a,b\\""}'
        assert value in of_role
        assert not pg_target.value(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{role}'")
    finally:
        pg_target.drop()
        pg_source.run(f"ALTER ROLE {role} IN DATABASE {pg_source.name} RESET ALL")
        maintenance(postgres).run(f"DROP ROLE {role}")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_comes_back_byte_for_byte(postgres, plain_repository, encoding):
    source = new_database(postgres, "encoded", f"ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'")
    with source.connect() as connection:
        connection.execute("CREATE TABLE plain (a text)")
        if encoding == "SQL_ASCII":
            connection.execute("INSERT INTO plain VALUES (E'no \\xff text'), ('é')")
        else:
            connection.execute('CREATE SCHEMA "Größe"')
            connection.execute('CREATE TABLE "Größe"."Tür" ("Maß" text)')
            connection.execute("""INSERT INTO "Größe"."Tür" VALUES ('é'), (chr(128)), ('ÿ')""")
            connection.execute("""COMMENT ON TABLE "Größe"."Tür" IS 'geöffnet'""")
    before = describe(postgres, source.name)
    snapshot = plain_repository.backup(source)
    copy = PostgresDatabase(postgres, "encoded again")
    try:
        plain_repository.ok("restore", snapshot, "--to", copy.url)
        assert copy.value("SHOW server_encoding") == encoding
        assert_equal(before, describe(postgres, copy.name))
    finally:
        copy.drop()
        source.drop()


def test_only_some_tables_can_be_restored(postgres, pg_source, pg_target, plain_repository):
    pg_source.run(
        "CREATE TABLE wanted AS SELECT generate_series(1, 10) AS id",
        "CREATE TABLE unwanted AS SELECT generate_series(1, 10) AS id",
    )
    snapshot = plain_repository.backup(pg_source)
    plain_repository.ok("restore", snapshot, "--to", f"{pg_target.url}?exclude=public.unwanted")
    assert pg_target.value("SELECT count(*) FROM wanted") == 10
    assert pg_target.value("SELECT count(*) FROM unwanted") == 0

