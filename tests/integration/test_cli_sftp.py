"""The program with a repository behind a real SSH server."""

import os
import signal

import pytest
from conftest import RepositoryFolder, content_of
from ssh_servers import Server, SshServer


@pytest.fixture(scope="module")
def server():
    running = SshServer()
    yield running
    running.stop()


@pytest.fixture
def remote(program, folder, server):
    """An encrypted repository on the server, whose folder can be looked into."""
    repository = RepositoryFolder(program, folder / "remote")
    repository.env["DBSNAP_REPO"] = server.url(folder / "remote")
    repository.ok("init")
    return repository


def test_snapshots_go_there_and_come_back(remote, database, folder):
    first = remote.backup(database)
    before = database.content()
    second = remote.backup(database.change(7))
    assert remote.ids() == [second, first]
    assert remote.restored(first, folder / "first.db") == before
    assert remote.restored("latest", folder / "second.db") == database.content()
    assert remote.is_sound()
    assert remote.ok("verify", "--keyless").code == 0


def test_prune_frees_what_nothing_needs(remote, database, folder):
    remote.backup(database)
    database.connect().executescript("UPDATE account SET owner = randomblob(200); VACUUM;")
    last = remote.backup(database, "--tag", "kept")
    before = sum(pack.stat().st_size for pack in remote.objects("packs"))
    remote.ok("prune", "--keep-last", "1", "--yes")
    assert remote.ids() == [last]
    assert sum(pack.stat().st_size for pack in remote.objects("packs")) < before
    assert remote.restored(last, folder / "last.db") == database.content()
    assert list((remote.path / "~tmp").iterdir()) == []


def test_a_repository_is_the_same_one_as_a_folder_and_over_sftp(remote, program, database, folder):
    snapshot = remote.backup(database)
    local = RepositoryFolder(program, remote.path)
    assert local.ids() == [snapshot]
    assert local.restored(snapshot, folder / "local.db") == database.content()
    later = local.backup(database.change(9))
    assert remote.restored(later, folder / "remote.db") == database.content()


def test_a_server_that_is_not_known_is_refused_with_the_command_to_run(program, folder, server, database):
    url = server.url(folder / "remote", known_hosts=server.facts["no_hosts"])
    result = program.fails(7, "access-refused", "init", "-r", url, "--no-encryption")
    assert "SHA256:" in result.err
    assert f"try: ssh-keyscan -p {server.facts['port']}" in result.err
    assert not (folder / "remote").exists()


def test_a_server_that_has_changed_is_refused_with_the_command_to_run(remote, server, folder):
    changed = server.url(remote.path, known_hosts=server.facts["changed_hosts"])
    result = remote.fails(7, "access-refused", "list", env={"DBSNAP_REPO": changed})
    assert "try: ssh-keygen -R" in result.err


def test_the_passphrase_of_a_key_comes_from_the_environment_or_a_file(remote, server, folder, database):
    snapshot = remote.backup(database)
    secret = folder / "passphrase"
    secret.write_text(server.facts["passphrase"] + "\n")
    locked = {"DBSNAP_REPO": server.url(remote.path, identity=server.facts["key_locked"])}
    by_variable = {**locked, "DBSNAP_SFTP_PASSPHRASE": server.facts["passphrase"]}
    by_file = {"DBSNAP_REPO": locked["DBSNAP_REPO"] + f"&passphrase_file={secret}"}
    for env in (by_variable, by_file):
        assert snapshot in remote.ok("list", "--json", env=env).out
    result = remote.fails(7, "access-refused", "list", env=locked)
    assert "passphrase" in result.err


@pytest.mark.parametrize("arguments", [(), ("--ask",)], ids=["password", "question"])
def test_a_password_logs_in_to_another_kind_of_server(program, folder, database, arguments):
    other = Server("password_sftp.py", *arguments)
    try:
        facts = other.facts
        repository = RepositoryFolder(program, folder / "remote")
        place = f"{facts['host']}:{facts['port']}{folder}/remote?known_hosts={facts['known_hosts']}"
        repository.env["DBSNAP_REPO"] = f"sftp://{facts['user']}@{place}"
        refused = repository.fails(7, "access-refused", "init", env={"DBSNAP_SFTP_PASSWORD": "hunter2"})
        assert "hunter2" not in refused.err
        repository.env["DBSNAP_SFTP_PASSWORD"] = facts["password"]
        repository.ok("init")
        snapshot = repository.backup(database)
        assert repository.restored(snapshot, folder / "restored.db") == database.content()
        assert repository.is_sound()
    finally:
        other.stop()


def test_a_password_is_never_shown(program, folder, server):
    url = server.url(folder / "remote").replace("@", ":hunter2@", 1).replace(server.facts["key_ed25519"], "/dev/null")
    result = program.run("list", "-r", url)
    assert result.code == 7
    assert "hunter2" not in result.out + result.err


def test_nobody_listens(program, folder):
    url = f"sftp://nobody@127.0.0.1:1{folder}?known_hosts=/dev/null&identity=/dev/null"
    result = program.fails(5, "storage-unreachable", "list", "-r", url)
    assert "Connection refused" in result.err


def test_a_backup_survives_that_its_connections_are_cut(remote, server, database, folder):
    database.connect().executescript("UPDATE account SET owner = randomblob(20000);")
    running = remote.program.start("backup", database.url, "--progress", "json", env=remote.env)
    cut = 0
    while running.poll() is None and cut < 3:
        for pid in server.connections():
            try:
                os.kill(pid, signal.SIGKILL)
                cut += 1
            except ProcessLookupError:
                continue
    out, err = running.communicate(timeout=300)
    assert cut > 0
    # Cut often enough a backup gives up; then the next one goes on from what is there.
    if running.returncode != 0:
        assert "storage-unreachable" in err, err
        out = remote.ok("backup", database.url).out
    assert remote.restored(out.strip(), folder / "restored.db") == database.content()
    assert content_of(folder / "restored.db") == database.content()


def test_the_doctor_examines_a_server(remote):
    result = remote.run("doctor")
    assert result.code in (0, 3), result  # the disk that the tests run on may be nearly full
    for check in ("reachable", "repository", "right-put", "right-delete", "atomic-create", "durable-writes"):
        assert f"ok       {check}: " in result.out
