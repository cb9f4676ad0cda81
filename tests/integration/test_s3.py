"""The program and an S3 store: all the work, processes that are killed, and a network that fails."""

import itertools
import random
import signal
import time

import pytest
import servers
from conftest import Database, RepositoryFolder, content_of
from cut_proxy import CutProxy
from peak_memory import measured

BUCKET = "bucket-of-the-program"
numbers = itertools.count()


class Store:
    """A running store, and repositories in it."""

    def __init__(self, told, program):
        self.told, self.program = told, program

    def environment(self):
        return {
            "AWS_ACCESS_KEY_ID": self.told["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.told["secret_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def url(self, place, port=None):
        endpoint = f"http://127.0.0.1:{port or self.told['port']}"
        return f"s3://{BUCKET}/{place}?endpoint={endpoint}&allow_http=1&timeout=20"

    def repository(self, place=None, port=None):
        place = place or f"r{next(numbers)}"
        repository = RepositoryFolder(self.program, self.url(place, port))
        repository.env.update(self.environment())
        repository.place = place
        return repository


def make_bucket(told):
    """A bucket, made by a request that is signed by hand: the program makes none."""
    import datetime
    import hashlib
    import http.client

    import s3_signature

    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    empty, scope = hashlib.sha256(b"").hexdigest(), f"{stamp[:8]}/us-east-1/s3/aws4_request"
    host, names = f"127.0.0.1:{told['port']}", "host;x-amz-content-sha256;x-amz-date"
    lines = [f"host:{host}", f"x-amz-content-sha256:{empty}", f"x-amz-date:{stamp}"]
    request = "\n".join(["PUT", f"/{BUCKET}", "", *lines, "", names, empty])
    signature = s3_signature.signature(told["secret_key"], scope, stamp, request)
    credential = f"AWS4-HMAC-SHA256 Credential={told['access_key']}/{scope}"
    headers = {
        "x-amz-content-sha256": empty,
        "x-amz-date": stamp,
        "Authorization": f"{credential}, SignedHeaders={names}, Signature={signature}",
    }
    connection = http.client.HTTPConnection(host)
    connection.request("PUT", f"/{BUCKET}", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture(scope="module")
def radosgw():
    with servers.running("radosgw.py") as told:
        make_bucket(told)
        yield told


@pytest.fixture(scope="module")
def swift():
    with servers.running("swift_s3.py") as told:
        make_bucket(told)
        yield told


@pytest.fixture
def store(radosgw, program):
    return Store(radosgw, program)


def test_a_life_in_a_bucket(store, database, folder):
    repository = store.repository()
    repository.ok("init")
    contents = {}
    for day in range(4):
        database.change(day)
        contents[repository.backup(database)] = database.content()
    assert set(repository.ids()) == set(contents)
    for number, (snapshot, content) in enumerate(contents.items()):
        assert repository.restored(snapshot, folder / f"restored-{number}") == content
    assert repository.is_sound()
    last = list(contents)[-1]
    repository.ok("prune", "--yes", "--keep-last", "1")
    assert repository.ids() == [last]
    assert repository.restored(last, folder / "after-prune") == contents[last]
    assert repository.is_sound()
    repository.ok("prune", "--yes", "--keep-last", "1")


def test_64_requests_at_once_fit_into_little_memory(store, folder):
    database = Database(folder / "large.db", rows=0)
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO account (owner, balance) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 75000) SELECT randomblob(4000), i FROM n"
        )
    connection.close()
    repository = store.repository()
    repository.env["DBSNAP_REPO"] += "&parallel=64"
    repository.ok("init")
    snapshot, backup_mib = measured(repository, "backup", database.url)
    restored = folder / "restored.db"
    _, restore_mib = measured(repository, "restore", snapshot, "--to", restored)
    _, verify_mib = measured(repository, "verify")
    assert content_of(restored) == database.content()
    assert max(backup_mib, restore_mib, verify_mib) <= 256, (backup_mib, restore_mib, verify_mib)


def test_two_repositories_in_one_bucket_do_not_see_each_other(store, database):
    one, other = store.repository("shared/one"), store.repository("shared/one-more")
    for repository in (one, other):
        repository.ok("init")
    snapshot = one.backup(database)
    assert other.ids() == []
    assert one.ids() == [snapshot]


def test_backups_that_are_killed_leave_a_repository_that_goes_on(store, database, folder):
    repository = store.repository()
    repository.ok("init")
    repository.backup(database)
    choice = random.Random(7)
    for round_number in range(6):
        database.change(round_number)
        process = store.program.start("backup", database.url, env=repository.env)
        time.sleep(choice.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    database.change(99)
    snapshot = repository.backup(database)
    assert repository.restored(snapshot, folder / "restored") == database.content()
    assert repository.is_sound()
    repository.ok("prune", "--yes", "--keep-last", "1", "--discard-unfinished")
    assert repository.ids() == [snapshot]
    assert repository.is_sound()


def test_prunes_that_are_killed_are_finished_by_the_next(store, database, folder):
    repository = store.repository()
    repository.ok("init")
    for day in range(3):
        repository.backup(database.change(day))
    choice = random.Random(11)
    for _ in range(4):
        process = store.program.start("prune", "--yes", "--keep-last", "1", env=repository.env)
        time.sleep(choice.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    repository.ok("prune", "--yes", "--keep-last", "1")
    (snapshot,) = repository.ids()
    assert repository.restored(snapshot, folder / "restored") == database.content()
    assert repository.is_sound()


def test_a_network_that_is_cut_anywhere_loses_nothing(store, database, folder):
    """Each connection ends after a random number of bytes. What the program says it stored is there, whole."""
    choice = random.Random(13)
    proxy = CutProxy(store.told["port"], lambda: choice.choice([200, 1_000, 5_000, 60_000, 400_000, None]))
    direct = store.repository()
    direct.ok("init")
    through = store.repository(direct.place, proxy.port)
    stored = {}
    for day in range(5):
        database.change(day)
        result = through.run("backup", database.url)
        assert result.code in (0, 5), repr(result)
        if result.code == 0:
            stored[result.out.strip()] = database.content()
        assert not set(stored) - set(direct.ids())
    assert proxy.cuts > 0
    for number, (snapshot, content) in enumerate(stored.items()):
        target = folder / f"restored-{number}"
        result = through.run("restore", snapshot, "--to", target)
        assert result.code in (0, 5), repr(result)
        assert target.exists() == (result.code == 0)
        if result.code == 0:
            assert content_of(target) == content
        assert direct.restored(snapshot, folder / f"direct-{number}") == content
    proxy.close()
    assert direct.is_sound()


def test_what_can_go_wrong_is_said_with_its_exit_code(store, database):
    repository = store.repository()
    repository.ok("init")
    secret = {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    wrong = repository.fails(7, "access-refused", "list", env=secret)
    assert "SignatureDoesNotMatch" in wrong.err and "not-the-secret" not in wrong.err
    repository.fails(7, "access-refused", "list", env={"AWS_ACCESS_KEY_ID": "nobody"})
    nowhere = {"DBSNAP_REPO": store.url("x").replace(BUCKET, "no-such-bucket")}
    missing = repository.fails(5, "storage-unreachable", "list", env=nowhere)
    assert "try: aws s3api create-bucket --bucket no-such-bucket" in missing.err
    mistyped = {"DBSNAP_REPO": store.url("x") + "&regoin=x"}
    assert "did you mean region?" in repository.fails(2, "invalid-argument", "list", env=mistyped).err
    plain = {"DBSNAP_REPO": store.url("x").replace("&allow_http=1", "")}
    assert "allow_http=1" in repository.fails(2, "invalid-argument", "list", env=plain).err
    repository.fails(10, "no-repository", "list", env={"DBSNAP_REPO": store.url("empty")})
    repository.fails(12, "wrong-key", "list", env={"DBSNAP_PASSWORD": "another"})


def test_a_store_without_create_if_absent_is_recognised_and_used_with_care(swift, program, database, folder):
    repository = Store(swift, program).repository()
    repository.ok("init")
    first = repository.backup(database)
    second = repository.backup(database.change(1))
    assert set(repository.ids()) == {first, second}
    result = repository.ok("prune", "--yes", "--keep-last", "1")
    assert "create-if-absent" in result.err
    assert repository.restored(second, folder / "restored") == database.content()
    assert repository.is_sound()
