"""Fixtures of the tests of the dbsnap program: the program itself, databases, repositories."""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

NOBODY = 65534


def pytest_configure(config):
    if not os.environ.get("DBSNAP_BIN"):
        pytest.exit("set DBSNAP_BIN to the dbsnap program, for example build/dev/bin/dbsnap", returncode=2)


class Result:
    """What a finished run of the program left."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def document(self):
        """The one JSON document on standard output; anything beside it is a failure."""
        return json.loads(self.out)

    def __repr__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Program:
    """The program, run in an environment that nothing outside the test can change."""

    def __init__(self, path, folder):
        self.path = str(path)
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(folder)}

    def environment(self, extra):
        return {**self.env, **{name: str(value) for name, value in (extra or {}).items()}}

    def command(self, args, wrap=()):
        return [*wrap, self.path, *[str(arg) for arg in args]]

    def start(self, *args, env=None, wrap=(), **options):
        """Starts it with pipes and returns the process."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            self.command(args, wrap), env=self.environment(env), cwd=self.folder, **{**pipes, **options}
        )

    def run(self, *args, env=None, wrap=(), input=None):
        """Runs it to its end, whatever that is."""
        done = subprocess.run(
            self.command(args, wrap),
            env=self.environment(env),
            cwd=self.folder,
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *args, **options):
        """Runs it and expects success."""
        result = self.run(*args, **options)
        assert result.code == 0, f"{args}: {result!r}"
        return result

    def fails(self, code, name, *args, **options):
        """Runs it and expects exit code `code` and `error[name]`, in one piece."""
        result = self.run(*args, **options)
        assert result.code == code, f"{args}: {result!r}"
        assert result.err.count("error[") == 1, f"{args}: {result!r}"
        assert f"error[{name}]: " in result.err, f"{args}: {result!r}"
        return result


class Database:
    """A SQLite database with accounts, and ways to change and read it."""

    def __init__(self, path, rows=2000, journal="wal"):
        self.path = pathlib.Path(path)
        self.url = f"sqlite://{self.path}"
        with self.connect() as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, owner BLOB, balance INTEGER)")
            connection.executemany(
                "INSERT INTO account (owner, balance) VALUES (?, 100)", ((os.urandom(200),) for _ in range(rows))
            )
        connection.close()

    def connect(self):
        return sqlite3.connect(self.path)

    def change(self, balance):
        connection = self.connect()
        with connection:
            connection.execute("UPDATE account SET balance = ? WHERE id % 97 = 0", (balance,))
        connection.close()
        return self

    def content(self):
        return content_of(self.path)


def content_of(path):
    """Everything in a database, read by SQLite itself after its own check."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT * FROM account ORDER BY id").fetchall()
    finally:
        connection.close()


class RepositoryFolder:
    """An encrypted repository in a folder, with the program bound to it."""

    def __init__(self, program, path, encrypted=True):
        self.path = pathlib.Path(path)
        self.program = program
        self.env = {"DBSNAP_REPO": str(path)}
        if encrypted:
            self.env["DBSNAP_PASSWORD"] = "correct horse"

    def run(self, *args, env=None, **options):
        return self.program.run(*args, env={**self.env, **(env or {})}, **options)

    def ok(self, *args, env=None, **options):
        return self.program.ok(*args, env={**self.env, **(env or {})}, **options)

    def fails(self, code, name, *args, env=None, **options):
        return self.program.fails(code, name, *args, env={**self.env, **(env or {})}, **options)

    def backup(self, database, *args):
        """Takes a snapshot and returns its id."""
        return self.ok("backup", database.url, *args).out.strip()

    def ids(self):
        return [snapshot["id"] for snapshot in self.ok("list", "--json").document]

    def restored(self, snapshot, to):
        """Restores a snapshot and returns its content."""
        self.ok("restore", snapshot, "--to", to)
        return content_of(to)

    def objects(self, prefix):
        """The files of one class of objects, largest first."""
        files = [file for file in (self.path / prefix).rglob("*") if file.is_file()]
        return sorted(files, key=lambda file: -file.stat().st_size)

    def is_sound(self):
        """Every snapshot restores, and the restored database passes its own check."""
        self.ok("verify", "--level", "data")
        return True


@pytest.fixture
def folder():
    """A folder under /tmp that other users may enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="dbsnap-test-"))
    path.chmod(0o755)
    yield path
    subprocess.run(["chmod", "-R", "u+rwX", str(path)], check=False)
    shutil.rmtree(path)


@pytest.fixture
def program(folder):
    return Program(pathlib.Path(os.environ["DBSNAP_BIN"]).resolve(), folder)


@pytest.fixture
def database(folder):
    return Database(folder / "app.db")


@pytest.fixture
def empty_repository(program, folder):
    repository = RepositoryFolder(program, folder / "repository")
    repository.ok("init")
    return repository


@pytest.fixture
def repository(empty_repository, database):
    """A repository with one snapshot of `database`, whose id is `repository.first`."""
    empty_repository.first = empty_repository.backup(database)
    return empty_repository


@pytest.fixture
def unprivileged(program, folder):
    """Words before a command that run it without the rights of root."""
    if os.geteuid() != 0:
        return []
    # The build folder may be closed to others.
    copy = folder / "dbsnap"
    shutil.copy2(program.path, copy)
    copy.chmod(0o755)
    program.path = str(copy)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.fixture(scope="session")
def postgres_servers():
    """Starts PostgreSQL of the version that it is called with; once, until the last test has run."""
    from postgres_world import Servers  # needs psycopg, which other tests do not

    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def postgres(postgres_servers):
    """A PostgreSQL 15 server that all tests of a run share."""
    return postgres_servers("15")


@pytest.fixture(scope="session")
def torture(postgres):
    """A PostgreSQL database with every kind of object; for reading only."""
    from postgres_world import torture_database

    return torture_database(postgres)


@pytest.fixture
def pg_source(postgres):
    """An empty PostgreSQL database to fill."""
    from postgres_world import new_database

    database = new_database(postgres, "source")
    yield database
    database.drop()


@pytest.fixture
def pg_target(postgres):
    """An empty PostgreSQL database to restore to."""
    from postgres_world import new_database

    database = new_database(postgres, "target")
    yield database
    database.drop()


@pytest.fixture
def plain_repository(program, folder):
    """A repository that is not encrypted, where a size is what was stored."""
    repository = RepositoryFolder(program, folder / "plain", encrypted=False)
    repository.ok("init", "--no-encryption")
    return repository
