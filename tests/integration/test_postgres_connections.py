"""Ways to reach a PostgreSQL server: sockets, TLS, services, password files, several hosts, standbys, many databases."""

import time

import pytest
from postgres_compare import assert_equal, describe
from postgres_world import PostgresDatabase, PostgresServer, left_behind, maintenance, new_database
from tcp_proxy import Proxy

PASSWORD_RULES = ["host all guarded 127.0.0.1/32 scram-sha-256"]


@pytest.fixture(scope="module")
def guarded():
    """A server with TLS and a role that needs its password, with a database of that role."""
    with PostgresServer("15", hba=PASSWORD_RULES, ssl=True) as server:
        maintenance(server).run("CREATE ROLE guarded LOGIN CREATEDB PASSWORD 'p@ss:w/rd'")
        database = new_database(server, "app")
        maintenance(server).run("ALTER DATABASE app OWNER TO guarded")
        database.run("SET ROLE guarded; CREATE SCHEMA own; CREATE TABLE own.t AS SELECT generate_series(1, 100) AS a")
        # Its owner may not even add rows, which a restore has to do before that comes into force.
        database.run("SET ROLE guarded; REVOKE INSERT, TRUNCATE ON own.t FROM guarded")
        yield server


def test_a_socket_is_reached_by_its_folder(postgres, pg_source, pg_target, plain_repository):
    pg_source.run("CREATE TABLE t AS SELECT generate_series(1, 100) AS a")
    here = f"host={postgres.socket_folder}&port={postgres.port}&user=postgres"
    snapshot = plain_repository.ok("backup", f"postgres:///source?{here}").out.strip()
    plain_repository.ok("restore", snapshot, "--to", f"postgresql:///target?{here}")
    assert_equal(describe(postgres, pg_source.name), describe(postgres, pg_target.name))


def test_an_ordinary_role_backs_up_and_restores_what_it_owns_over_verified_tls(guarded, plain_repository, folder):
    passwords = folder / "pgpass"
    passwords.write_text("127.0.0.1:*:*:guarded:p@ss\\:w/rd\n", encoding="ascii")
    passwords.chmod(0o600)
    env = {"PGPASSFILE": passwords}
    tls = {"sslmode": "verify-full", "sslrootcert": guarded.folder / "ca.crt"}
    url = guarded.url("app", "guarded", **tls)
    snapshot = plain_repository.run("backup", url, env=env)
    assert snapshot.code in (0, 3), snapshot  # 3: a word about roles that only a superuser may read
    plain_repository.ok("restore", snapshot.out.strip(), "--to", guarded.url("copy", "guarded", **tls), env=env)
    assert_equal(describe(guarded, "app"), describe(guarded, "copy"))
    assert left_behind(guarded) == []

    other = folder / "other.crt"
    other.write_text((guarded.folder / "ca.crt").read_text()[:200], encoding="ascii")
    wrong = guarded.url("app", "guarded", sslmode="verify-full", sslrootcert=other)
    assert plain_repository.run("backup", wrong, env=env).code in (4, 7)


def test_a_service_file_says_where_the_server_is(guarded, plain_repository, folder):
    services = folder / "services.conf"
    services.write_text(
        f"[app]\nhost=127.0.0.1\nport={guarded.port}\ndbname=app\nuser=guarded\npassword=p@ss:w/rd\n", encoding="ascii"
    )
    result = plain_repository.run("backup", "postgres://?service=app", env={"PGSERVICEFILE": services})
    assert result.code in (0, 3), result
    assert len(plain_repository.ids()) == 1
    assert "p@ss" not in result.err


def test_a_password_in_a_url_is_never_stored_or_shown(guarded, plain_repository):
    url = guarded.url("app", "guarded").replace("guarded@", "guarded:p%40ss%3Aw%2Frd@")
    result = plain_repository.run("backup", url, "-v", "--json")
    assert result.code in (0, 3), result
    shown = result.out + result.err + plain_repository.ok("show", "latest", "--json").out
    assert "p@ss" not in shown
    assert "p%40ss" not in shown


def test_the_first_of_several_hosts_that_answers_is_taken(postgres, pg_source, plain_repository):
    pg_source.run("CREATE TABLE t AS SELECT generate_series(1, 100) AS a")
    hosts = f"127.0.0.1:1,127.0.0.1:{postgres.port}"
    plain_repository.ok("backup", f"postgres://postgres@{hosts}/source")
    assert len(plain_repository.ids()) == 1


def test_a_standby_is_read_where_asked(plain_repository):
    with PostgresServer("15") as primary:
        source = new_database(primary, "source").run("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a")
        with PostgresServer("15", standby_of=primary.url()) as standby:
            source.run("INSERT INTO t VALUES (-1)")
            await_replay(primary, standby)
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            plain_repository.ok("backup", f"postgres://postgres@{hosts}/source?target_session_attrs=standby")
            assert '"standby":true' in plain_repository.ok("show", "latest", "--json").out.replace(" ", "")
            plain_repository.ok("restore", "latest", "--to", primary.url("target"))
            assert_equal(describe(primary, "source"), describe(primary, "target"))
            assert left_behind(standby) == []


def test_after_a_failover_the_new_primary_is_read(plain_repository):
    with PostgresServer("15") as primary:
        source = new_database(primary, "source").run(
            "CREATE TABLE t AS SELECT i, repeat(md5(i::text), 4) AS a FROM generate_series(1, 60000) i"
        )
        with PostgresServer("15", standby_of=primary.url()) as standby:
            source.run("INSERT INTO t VALUES (-1)")
            await_replay(primary, standby)
            with Proxy(primary.port, "down", 3_000_000) as proxy:
                hosts = f"127.0.0.1:{proxy.port},127.0.0.1:{standby.port}"
                url = f"postgres://postgres@{hosts}/source?target_session_attrs=read-write"
                backup = plain_repository.program.start("backup", url, env=plain_repository.env)
                proxy.await_stall()
                primary.kill()
                proxy.close()
                maintenance(standby).rows("SELECT pg_promote()")
                out, err = backup.communicate(timeout=120)
            assert backup.returncode == 0, err
            plain_repository.ok("restore", out.strip(), "--to", standby.url("target"))
            assert_equal(describe(standby, "source"), describe(standby, "target"))
            assert left_behind(standby) == []


def await_replay(primary, standby):
    """Waits until the standby shows what the primary has done."""
    reached = maintenance(primary).value("SELECT pg_current_wal_lsn()")
    for _ in range(1000):
        if maintenance(standby).value(f"SELECT pg_last_wal_replay_lsn() >= '{reached}'"):
            return
        time.sleep(0.02)
    raise AssertionError("the standby does not follow")


def test_all_databases_of_a_server_become_a_snapshot_each(plain_repository):
    with PostgresServer("15") as server:
        for name in ("one", "two"):
            new_database(server, name).run(f"CREATE TABLE {name} AS SELECT generate_series(1, 10) AS a")
        result = plain_repository.ok("backup", server.url(databases="all"))
        assert len(result.out.split()) == 3  # with the database postgres
        names = {snapshot["source"]["name"] for snapshot in plain_repository.ok("list", "--json").document}
        assert {"one", "two"} <= {name.rpartition("/")[2] for name in names}
        for name in ("one", "two"):
            source = next(n for n in names if n.rpartition("/")[2] == name)
            copy = PostgresDatabase(server, f"{name} again")
            plain_repository.ok("restore", "latest", "--source", source, "--to", copy.url)
            assert copy.value(f"SELECT count(*) FROM {name}") == 10
        assert left_behind(server) == []
