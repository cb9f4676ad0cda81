"""Copies between repositories of different kinds: a folder, a bucket, a folder on another machine."""

import random
import signal
import time

import pytest
import servers
from conftest import RepositoryFolder
from ssh_servers import SshServer

LOST_AFTER_S = (0.0, 0.3)


@pytest.fixture(scope="module")
def store():
    with servers.running("s3_server.py") as told:
        yield told


@pytest.fixture(scope="module")
def ssh():
    running = SshServer()
    yield running
    running.stop()


@pytest.fixture
def bucket(store, program, folder):
    """An encrypted repository in a bucket, under a password of its own."""
    place = f"s3://{store['bucket']}/{folder.name}?endpoint={store['endpoint']}&allow_http=1"
    return made(program, place, AWS_ACCESS_KEY_ID=store["access_key"], AWS_SECRET_ACCESS_KEY=store["secret_key"])


@pytest.fixture
def machine(ssh, program, folder):
    """An encrypted repository on another machine, under a password of its own."""
    return made(program, ssh.url(folder / "far"))


def made(program, url, **env):
    repository = RepositoryFolder(program, url)
    repository.env.update(env, DBSNAP_PASSWORD=f"of {url[:2]}", DBSNAP_CACHE_DIR=str(program.folder / "cache"))
    repository.ok("init")
    return repository


def arguments(source, target):
    """The words that copy everything, and the environment that opens both sides."""
    env = {**source.env, **target.env, "DBSNAP_FROM_PASSWORD": source.env["DBSNAP_PASSWORD"]}
    return ("copy", "--from", source.env["DBSNAP_REPO"]), env


def copy(source, target, *more):
    words, env = arguments(source, target)
    return target.ok(*words, *more, env=env)


def test_snapshots_go_from_a_folder_to_a_bucket_and_on_to_another_machine(
    repository, bucket, machine, database, folder
):
    contents = [database.content()]
    for day in range(3):
        repository.backup(database.change(day))
        contents.append(database.content())
    copy(repository, bucket)
    copy(bucket, machine)
    for target in (bucket, machine):
        ids = list(reversed(target.ids()))
        assert len(ids) == len(contents)
        for number, (snapshot, content) in enumerate(zip(ids, contents)):
            assert target.restored(snapshot, folder / f"{target.env['DBSNAP_PASSWORD']}-{number}.db") == content
        assert target.is_sound()

    repository.backup(database.change(99))
    first_id = repository.ids()[0]
    for source, target in ((repository, bucket), (bucket, machine)):
        report = copy(source, target, "--json").document
        assert [one["state"] for one in report["snapshots"]] == ["present"] * len(contents) + ["copied"]
        newest = report["snapshots"][-1]
        assert newest["bytes_stored"] * 3 < newest["snapshot"]["size_bytes"]
    assert machine.restored(first_id, folder / "newest.db") == database.content()


@pytest.mark.parametrize("towards", ["bucket", "machine"])
def test_copies_that_are_killed_are_finished_by_the_next(repository, bucket, machine, database, folder, towards):
    choice = random.Random(3)
    target = {"bucket": bucket, "machine": machine}[towards]
    for day in range(4):
        repository.backup(database.change(day))
    for _ in range(5):
        words, env = arguments(repository, target)
        process = target.program.start(*words, env=env)
        time.sleep(choice.uniform(*LOST_AFTER_S))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert set(origins(target)) <= set(repository.ids())
    copy(repository, target)
    assert origins(target) == repository.ids()
    assert target.restored("latest", folder / "restored.db") == database.content()
    assert target.is_sound()
    assert repository.is_sound()


def origins(target):
    """Ids that the copies had first, newest first."""
    return [target.ok("show", one, "--json").document["origin"]["id"] for one in target.ids()]
