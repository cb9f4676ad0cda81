"""What goes wrong with a PostgreSQL server: a clear word, no snapshot that is not whole, nothing left on the server."""

import signal
import threading
import time

import psycopg
import pytest
from postgres_compare import assert_equal, describe
from postgres_world import (
    PostgresDatabase,
    PostgresServer,
    database_names,
    left_behind,
    maintenance,
    new_database,
)
from tcp_proxy import Proxy

ROWS = 60_000
AT_ONCE = ("--source-patience", "0")
FAR_IN = 3_000_000  # bytes after which the rows of the large table are on their way


@pytest.fixture
def filled(pg_source):
    """A database of about 12 MB with one large table and some small ones."""
    return fill(pg_source)


def fill(database):
    return database.run(
        f"CREATE TABLE large AS SELECT i AS id, md5(i::text) || md5((i * 7)::text) AS a, repeat(md5(i::text), 4) AS b "
        f"FROM generate_series(1, {ROWS}) i",
        "ALTER TABLE large ADD PRIMARY KEY (id)",
        "CREATE TABLE small AS SELECT generate_series(1, 100) AS id",
        "CREATE TABLE other AS SELECT 'x' AS a FROM generate_series(1, 100)",
        "CREATE SEQUENCE numbers",
        "SELECT nextval('numbers')",
    )


def through(proxy, database, **options):
    return database.server.url(database.name, port=proxy.port, **options)


def finished(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def assert_no_trace(repository, database):
    assert repository.ids() == []
    assert left_behind(database.server) == []
    assert [name for name in database_names(database.server) if "dbsnap" in name] == []


def started(repository, *arguments):
    return repository.program.start(*arguments, env=repository.env)


@pytest.mark.parametrize("limit", [0, 2_000, 40_000, FAR_IN])
def test_a_connection_that_is_cut_gives_no_snapshot(plain_repository, filled, limit):
    with Proxy(filled.server.port, "down", limit) as proxy:
        backup = started(plain_repository, "backup", through(proxy, filled), *AT_ONCE)
        proxy.await_stall()
        proxy.cut()
        code, out, err = finished(backup)
    assert (code, out) == (4, ""), err
    assert "error[source-unreachable]" in err
    assert_no_trace(plain_repository, filled)
    plain_repository.backup(filled)
    assert plain_repository.is_sound()


def test_a_session_that_is_terminated_gives_no_snapshot(plain_repository, filled):
    with Proxy(filled.server.port, "down", FAR_IN) as proxy:
        backup = started(plain_repository, "backup", through(proxy, filled), *AT_ONCE)
        proxy.await_stall()
        ended = maintenance(filled.server).rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'source' AND application_name LIKE 'dbsnap%'"
        )
        assert ended
        proxy.release()
        code, out, err = finished(backup)
    assert (code, out) == (4, ""), err
    assert_no_trace(plain_repository, filled)


def test_a_server_that_dies_gives_no_snapshot(plain_repository, program):
    with PostgresServer("15") as server:
        database = fill(new_database(server, "source"))
        with Proxy(server.port, "down", FAR_IN) as proxy:
            backup = started(plain_repository, "backup", through(proxy, database), *AT_ONCE)
            proxy.await_stall()
            server.kill()
            proxy.release()
            code, out, err = finished(backup)
        assert (code, out) == (4, ""), err
        server.run()
        assert_no_trace(plain_repository, database)
        plain_repository.backup(database)


def test_a_server_that_restarts_is_read_once_more(plain_repository, program):
    with PostgresServer("15") as server:
        database = fill(new_database(server, "source"))
        with Proxy(server.port, "down", FAR_IN) as proxy:
            backup = started(plain_repository, "backup", through(proxy, database))
            proxy.await_stall()
            server.kill()
            proxy.release()
            server.run()
            code, out, err = finished(backup)
        assert code == 0, err
        assert "the source was lost" in err
        plain_repository.ok("restore", out.strip(), "--to", server.url("target"))
        assert_equal(describe(server, "source"), describe(server, "target"))
        assert left_behind(server) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_interrupted_ends_its_queries(plain_repository, filled, how):
    with Proxy(filled.server.port, "down", FAR_IN) as proxy:
        backup = started(plain_repository, "backup", through(proxy, filled))
        proxy.await_stall()
        backup.send_signal(how)
        code, out, err = finished(backup)
        assert (code, out) == (128 + how, ""), err
        assert_no_trace(plain_repository, filled)


def test_a_server_that_does_not_answer_is_given_up_in_time(plain_repository, filled):
    with Proxy(filled.server.port, "down", FAR_IN) as proxy:
        result = plain_repository.run("backup", through(proxy, filled), "--timeout", "3")
    assert result.code != 0
    assert result.out == ""
    assert "error[deadline-exceeded]" in result.err
    assert_no_trace(plain_repository, filled)


def test_a_table_cannot_be_dropped_or_altered_while_it_is_read_but_can_be_written(
    postgres, plain_repository, filled, pg_target
):
    before = describe(postgres, filled.name)
    with Proxy(filled.server.port, "down", FAR_IN) as proxy, filled.connect() as application:
        backup = started(plain_repository, "backup", through(proxy, filled))
        proxy.await_stall()
        application.execute("SET lock_timeout = '100ms'")
        for change in ("DROP TABLE large", "ALTER TABLE small ADD late text", "TRUNCATE other"):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                application.execute(change)
        application.execute("DELETE FROM large WHERE id % 2 = 0")
        application.execute("INSERT INTO small VALUES (-1)")
        application.execute("CREATE TABLE later (a integer)")
        proxy.release()
        code, out, err = finished(backup)
    assert code == 0, err
    plain_repository.ok("restore", out.strip(), "--to", pg_target.url)
    assert_equal(before, describe(postgres, pg_target.name))
    assert left_behind(postgres) == []


def test_a_lock_that_is_not_given_up_is_reported(plain_repository, filled):
    with filled.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE small IN ACCESS EXCLUSIVE MODE")
        result = plain_repository.fails(11, "locked", "backup", f"{filled.url}?lock_timeout=300ms")
        assert "small" in result.err
        assert_no_trace(plain_repository, filled)
        holder.execute("ROLLBACK")
    plain_repository.backup(filled)


def test_a_waiting_change_of_a_table_ends_a_backup_instead_of_standing_still(plain_repository, filled):
    # Whoever reads a table for the first time queues behind the one that waits to change it, and that one waits for us.
    with Proxy(filled.server.port, "down", 40_000) as proxy, filled.connect() as application:
        backup = started(plain_repository, "backup", through(proxy, filled, lock_timeout="500ms"))
        proxy.await_stall()
        change = threading.Thread(target=application.execute, args=("ALTER TABLE large ADD late text",))
        change.start()
        await_lock_wait(filled, "test")
        proxy.release()
        code, out, err = finished(backup)
        change.join()
    assert (code, out) == (11, ""), err
    assert "error[locked]" in err
    assert "large" in err
    assert_no_trace(plain_repository, filled)


@pytest.mark.parametrize("change", ["DROP TABLE small", "ALTER TABLE small ADD late text DEFAULT 'late', DROP id"])
def test_a_table_that_changes_while_its_lock_is_awaited_is_taken_as_it_is_then(
    postgres, plain_repository, filled, pg_target, change
):
    with filled.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE small IN ACCESS EXCLUSIVE MODE")
        holder.execute(change)
        backup = started(plain_repository, "backup", filled.url)
        await_lock_wait(filled)
        holder.execute("COMMIT")
        code, out, err = finished(backup)
    assert code == 0, err
    plain_repository.ok("restore", out.strip(), "--to", pg_target.url)
    assert_equal(describe(postgres, filled.name), describe(postgres, pg_target.name))


def await_lock_wait(database, who="dbsnap"):
    """Waits until a session of that application waits for a lock."""
    waiting = f"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '{who}%'"
    for _ in range(1000):
        if maintenance(database.server).value(waiting):
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the lock")


def test_timeouts_that_the_server_sets_do_not_end_a_backup_or_a_restore(postgres, plain_repository, filled, pg_target):
    role = "hasty"
    server = maintenance(postgres)
    server.run(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} SUPERUSER LOGIN")
    for setting in ("statement_timeout = '20ms'", "idle_in_transaction_session_timeout = '20ms'", "lock_timeout = '20ms'"):
        server.run(f"ALTER ROLE {role} SET {setting}")
    snapshot = plain_repository.ok("backup", postgres.url(filled.name, role)).out.strip()
    plain_repository.ok("restore", snapshot, "--to", postgres.url(pg_target.name, role))
    assert_equal(describe(postgres, filled.name), describe(postgres, pg_target.name))
    server.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.fixture
def limited(postgres, filled):
    """A role that may read all tables but `small`."""
    maintenance(postgres).run("DROP ROLE IF EXISTS limited", "CREATE ROLE limited LOGIN")
    filled.run(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO limited",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO limited",
        "REVOKE SELECT ON small FROM limited",
    )
    yield "limited"
    filled.run("DROP OWNED BY limited")
    maintenance(postgres).run("DROP ROLE limited")


def test_a_table_that_may_not_be_read_is_named_and_gives_no_snapshot(postgres, plain_repository, filled, limited):
    result = plain_repository.fails(7, "access-refused", "backup", postgres.url(filled.name, limited))
    assert "small" in result.err
    assert_no_trace(plain_repository, filled)


def test_rows_that_a_policy_hides_are_never_left_out_silently(postgres, plain_repository, filled, limited):
    filled.run(
        "GRANT SELECT ON small TO limited",
        "ALTER TABLE small ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON small USING (id < 10)",
    )
    result = plain_repository.fails(7, "access-refused", "backup", postgres.url(filled.name, limited))
    assert "small" in result.err
    assert_no_trace(plain_repository, filled)


def test_a_wrong_password_is_refused_and_never_shown(plain_repository):
    hba = ["host all secretive 127.0.0.1/32 scram-sha-256"]
    with PostgresServer("15", hba=hba) as server:
        maintenance(server).run("CREATE ROLE secretive SUPERUSER LOGIN PASSWORD 'right'")
        url = server.url(user="secretive").replace("secretive@", "secretive:wr0ng-s3cret@")
        result = plain_repository.fails(7, "access-refused", "backup", url)
        assert "wr0ng-s3cret" not in result.out + result.err
        right = plain_repository.ok("backup", url.replace("wr0ng-s3cret", "right"), "--json", "-v")
        assert "right@" not in right.out + right.err
        assert left_behind(server) == []


@pytest.fixture(scope="module")
def small_server():
    """A server where databases that are made are may be on a disk of 18 MB."""
    with PostgresServer("15", small_disk=18) as server:
        maintenance(server).run(f"CREATE TABLESPACE small LOCATION '{server.small}'")
        yield server


def test_a_disk_that_fills_up_leaves_the_target_empty(plain_repository, filled, small_server):
    snapshot = plain_repository.backup(filled)
    target = PostgresDatabase(small_server, "target")
    maintenance(small_server).run("CREATE DATABASE target TEMPLATE template0 TABLESPACE small")
    empty = describe(small_server, "target")
    result = plain_repository.fails(6, "no-space", "restore", snapshot, "--to", target.url)
    assert "No space left on device" in result.err
    assert describe(small_server, "target") == empty
    assert left_behind(small_server) == []
    target.drop()


def test_a_disk_that_fills_up_leaves_no_database_that_was_to_be_made(plain_repository, filled, small_server):
    snapshot = plain_repository.backup(filled)
    maintenance(small_server).run("ALTER DATABASE template0 SET TABLESPACE small")
    before = database_names(small_server)
    target = PostgresDatabase(small_server, "target")
    plain_repository.fails(6, "no-space", "restore", snapshot, "--to", target.url)
    assert database_names(small_server) == before
    assert left_behind(small_server) == []


@pytest.mark.parametrize("exists", [True, False])
def test_a_connection_that_is_cut_while_restoring_leaves_the_target_as_it_was(
    postgres, plain_repository, filled, exists
):
    snapshot = plain_repository.backup(filled)
    target = new_database(postgres, "target")
    empty = describe(postgres, target.name)
    if not exists:
        target.drop()
    before = database_names(postgres)
    with Proxy(postgres.port, "up", FAR_IN) as proxy:
        restore = started(plain_repository, "restore", snapshot, "--to", through(proxy, target))
        proxy.await_stall()
        proxy.cut()
        code, out, err = finished(restore)
    assert (code, out) == (4, ""), err
    assert left_behind(postgres) == []
    # Databases beside the target are dropped by whoever can still reach the server.
    assert database_names(postgres) == before
    if exists:
        assert describe(postgres, target.name) == empty
    plain_repository.ok("restore", snapshot, "--to", target.url)
    assert_equal(describe(postgres, filled.name), describe(postgres, target.name))
    target.drop()


@pytest.mark.parametrize("exists", [True, False])
def test_a_restore_that_is_interrupted_leaves_the_target_as_it_was(postgres, plain_repository, filled, exists):
    snapshot = plain_repository.backup(filled)
    target = new_database(postgres, "target")
    empty = describe(postgres, target.name)
    if not exists:
        target.drop()
    before = database_names(postgres)
    with Proxy(postgres.port, "up", FAR_IN) as proxy:
        restore = started(plain_repository, "restore", snapshot, "--to", through(proxy, target))
        proxy.await_stall()
        restore.send_signal(signal.SIGINT)
        threading.Timer(1, proxy.release).start()
        code, out, err = finished(restore)
    assert (code, out) == (130, ""), err
    assert left_behind(postgres) == []
    assert database_names(postgres) == before
    if exists:
        assert describe(postgres, target.name) == empty
    target.drop()
