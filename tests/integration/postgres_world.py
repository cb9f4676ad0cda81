"""Real PostgreSQL servers and databases for the tests of the program, and what must be left behind on them: nothing."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/harness/servers"))

import postgres_packages  # noqa: E402
from postgres import PostgresServer  # noqa: E402

SQL = pathlib.Path(__file__).parent / "postgres"
GONE_TIMEOUT_S = 20
# Everything on a server that a program could have forgotten there, beside the tests' own sessions.
LEFT_BEHIND = """
    SELECT 'session of ' || application_name || ': ' || state || ' ' || query FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'test'
    UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
    UNION ALL SELECT 'replication slot ' || slot_name FROM pg_replication_slots
    UNION ALL SELECT 'lock on ' || coalesce(relation::regclass::text, locktype) FROM pg_locks
    WHERE pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'
                  AND pid <> pg_backend_pid() AND application_name <> 'test')"""


class PostgresDatabase:
    """A database of a server, and ways to change and read it."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    @property
    def url(self):
        return self.server.url(self.name)

    def connect(self, **options):
        return psycopg.connect(self.url, application_name="test", autocommit=True, client_encoding="utf8", **options)

    def run(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)
        return self

    def rows(self, query, parameters=None):
        with self.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query):
        return self.rows(query)[0][0]

    def load(self, *files, **variables):
        """Runs files of SQL with psql."""
        command = [self.server.clients / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url]
        for name, value in variables.items():
            command += ["-v", f"{name}={value}"]
        for file in files:
            command += ["-f", file]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False, env=client_environment()
        )
        assert done.returncode == 0, done.stderr
        return self

    def drop(self):
        if self.name not in database_names(self.server):
            return
        # A subscription keeps its database from being dropped.
        for (name,) in self.rows(
            "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid "
            "WHERE datname = current_database()"
        ):
            self.run(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)", f"DROP SUBSCRIPTION {name}")
        maintenance(self.server).run(f"DROP DATABASE {quoted(self.name)} WITH (FORCE)")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def client_environment():
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGAPPNAME": "test", "PGOPTIONS": "-c client_min_messages=error"}


def newest_clients():
    """The folder with a pg_dump that reads servers of every version."""
    return postgres_packages.programs(postgres_packages.NEWEST_CLIENTS)


def offer_extension(server):
    """Lets a server that was unpacked under build/ find an extension of our own."""
    folder = server.bindir.parent / "share/postgresql/extension"
    for file in (SQL / "extension").iterdir():
        shutil.copy(file, folder)


def maintenance(server):
    return PostgresDatabase(server, "postgres")


def new_database(server, name, options=""):
    """An empty database; one of that name is replaced."""
    database = PostgresDatabase(server, name)
    database.drop()
    maintenance(server).run(f"CREATE DATABASE {quoted(name)} TEMPLATE template0 {options}")
    return database


def database_names(server):
    return [row[0] for row in maintenance(server).rows("SELECT datname FROM pg_database ORDER BY 1")]


def left_behind(server):
    """What is on the server that nobody owns any more. A session ends a moment after its client has gone."""
    deadline = time.monotonic() + GONE_TIMEOUT_S
    while True:
        found = [row[0] for row in maintenance(server).rows(LEFT_BEHIND)]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def make_torture_roles(server):
    maintenance(server).load(SQL / "torture_roles.sql")


def torture_database(server):
    """A database with every kind of object."""
    database = new_database(server, "torture")
    make_torture_roles(server)
    has_icu = database.value("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu')")
    has_xml = server.version != "18-bare"
    return database.load(*sorted((SQL / "torture").glob("*.sql")), icu=int(has_icu), xml=int(has_xml))


class Servers:
    """Servers that are started when a test first asks for them and stopped after the last test."""

    def __init__(self):
        self.running = {}

    def __call__(self, version="15"):
        if version not in self.running:
            self.running[version] = PostgresServer(version).start()
        return self.running[version]

    def stop(self):
        for server in self.running.values():
            server.stop()
