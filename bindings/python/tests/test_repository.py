"""The main job through Python."""

import io
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from conftest import count_rows

import dbsnap


def test_a_snapshot_is_listed_shown_and_restored(repository, database, tmp_path):
    taken = repository.snapshot(database.url, tags=["nightly"], host="testhost")
    (listed,) = repository.snapshots()
    assert (listed.id, listed.tags, listed.source.host) == (taken.id, ["nightly"], "testhost")
    assert repository.resolve() == repository.resolve(taken.id[:8]) == taken.id
    assert repository.manifest("latest").entries[0].size_bytes == database.path.stat().st_size
    repository.restore("latest", f"sqlite://{tmp_path}/copy.db")
    assert count_rows(tmp_path / "copy.db") == 500


def test_a_repository_on_disk_opens_with_its_password_only(database, tmp_path):
    with dbsnap.Repository.create(tmp_path / "repo", password="open sesame") as repository:
        identity = repository.id
        assert repository.encrypted
        repository.snapshot(database.url)
    with pytest.raises(dbsnap.WrongKey):
        dbsnap.Repository.open(tmp_path / "repo", password="open rice")
    with dbsnap.Repository.open(tmp_path / "repo", password="open sesame") as repository:
        assert repository.id == identity
        assert len(repository.snapshots()) == 1
    with pytest.raises(dbsnap.AlreadyExists):
        dbsnap.Repository.create(tmp_path / "repo", password="x")


def test_the_second_snapshot_costs_what_changed(repository, database):
    database.add(20000)
    before = repository.snapshot(database.url)
    database.add(1)
    after = repository.snapshot(database.url)
    assert after.parent == before.id
    assert after.stats["bytes_stored"] * 20 < before.stats["bytes_stored"]
    assert after.stats["store"]["puts"] > 0 and after.stats["store"]["bytes_up"] >= after.stats["bytes_stored"]
    (entry,) = repository.diff(before.id, after.id).entries
    assert entry.change == "changed"
    stats = repository.stats()
    assert (stats.snapshots, stats.sources) == (2, 1)


def test_verify_is_true_for_what_is_sound(repository, database):
    repository.snapshot(database.url)
    for level in ("listing", "tables", "packs", "frames", "data"):
        report = repository.verify(level=level)
        assert report
        assert report.snapshots == 1


def test_repair_rebuilds_what_is_stored_elsewhere_and_tells_what_is_lost(database, tmp_path):
    database.add(5000)
    with dbsnap.Repository.create(tmp_path / "repo", encrypt=False) as repository:
        first = repository.snapshot(database.url)
        twin = repository.snapshot(database.url, source_name="twin")
        assert repository.repair(snapshots=[first.id]).damaged == []
        (lost,) = (tmp_path / "repo" / "packs").rglob(f"{first.id}-*")
        lost.unlink()
        planned = repository.repair(dry_run=True)
        assert planned
        assert planned.damaged[0].rebuilt_as is None
        (repaired,) = repository.repair().damaged
        assert (repaired.snapshot, repaired.whole) == (first.id, True)
        assert repaired.damaged == [str(lost.relative_to(tmp_path / "repo"))]
        assert repository.verify(snapshots=[repaired.rebuilt_as])
        repository.restore(repaired.rebuilt_as, f"sqlite://{tmp_path}/copy.db")
        assert count_rows(tmp_path / "copy.db") == count_rows(database.path)
        for pack in (tmp_path / "repo" / "packs").rglob(f"{twin.id}-*"):
            pack.unlink()
        report = repository.repair(snapshots=[twin.id])
        assert not report
        assert report.damaged[0].lost[0].length_bytes > 0


def test_verify_reads_a_part_and_remembers_it(repository, database):
    repository.snapshot(database.url)
    first = repository.verify(percent=100)
    assert first.packs_checked == first.packs_needed
    again = repository.verify(max_age="30d")
    assert again
    assert again.packs_checked.packs == 0
    assert again.packs_fresh == first.packs_needed
    assert again.oldest_check is not None
    with pytest.raises(dbsnap.InvalidArgument):
        repository.verify(level="listing", percent=10)
    with pytest.raises(dbsnap.InvalidArgument):
        repository.verify(percent=101)


def test_keyless_verify_needs_no_password_and_finds_a_changed_byte(tmp_path, database):
    folder = tmp_path / "encrypted"
    with dbsnap.Repository.create(str(folder), password="right") as encrypted:
        encrypted.snapshot(database.url)
    report = dbsnap.Repository.verify_keyless(str(folder))
    assert report
    assert report.packs_checked.packs > 0
    pack = next(path for path in sorted((folder / "packs").rglob("*")) if path.is_file())
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    report = dbsnap.Repository.verify_keyless(str(folder), percent=100)
    assert not report
    assert report.damage[0].object == str(pack.relative_to(folder))
    with pytest.raises(dbsnap.NoRepository):
        dbsnap.Repository.verify_keyless(str(tmp_path / "nothing"))


def test_snapshots_are_found_by_time(repository, database):
    first = repository.snapshot(database.url)
    assert repository.resolve_at(first.time + timedelta(microseconds=1)) == first.id
    with pytest.raises(dbsnap.PointInTimeUnreachable):
        repository.resolve_at(first.time - timedelta(seconds=1))
    with pytest.raises(ValueError, match="time zone"):
        repository.resolve_at(datetime(2026, 1, 1))


def test_a_pinned_snapshot_is_not_forgotten(repository, database):
    taken = repository.snapshot(database.url)
    repository.snapshot(database.url)
    repository.pin(taken.id)
    with pytest.raises(dbsnap.Locked):
        repository.forget(taken.id)
    repository.unpin(taken.id)
    repository.forget(taken.id)
    with pytest.raises(dbsnap.NotFound):
        repository.manifest(taken.id)


def test_a_forgotten_snapshot_comes_back_under_a_new_id_until_a_prune_has_removed_it(repository, database):
    taken = repository.snapshot(database.url)
    kept = repository.snapshot(database.url, use_parent=False)
    repository.forget(taken.id)
    assert [snapshot.id for snapshot in repository.forgotten()] == [taken.id]
    back = repository.unforget(taken.id)
    assert back.id != taken.id
    assert (back.time, back.entries) == (taken.time, taken.entries)
    assert {snapshot.id for snapshot in repository.snapshots()} == {kept.id, back.id}
    repository.forget(back.id)
    report = repository.apply(repository.plan_prune(dbsnap.KeepPolicy()), wait=False)
    assert (report.packs_removed, report.fenced) == (1, 0)
    assert repository.forgotten() == []
    with pytest.raises(dbsnap.NotFound):
        repository.unforget(back.id)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_an_export_is_imported_again(repository, database, tmp_path, compression):
    repository.snapshot(database.url)
    repository.export("latest", tmp_path / "file", compression=compression)
    when = datetime(2020, 1, 2, 3, 4, 5, 600, tzinfo=timezone.utc)
    imported = repository.import_file(tmp_path / "file", database.url, time=when, source_name="old app")
    assert imported.time == when
    repository.restore(imported.id, f"sqlite://{tmp_path}/copy.db")
    assert count_rows(tmp_path / "copy.db") == 500


def test_a_failed_export_leaves_no_file(repository, database, tmp_path):
    repository.snapshot(database.url)
    with pytest.raises(dbsnap.InvalidArgument):
        repository.export("latest", tmp_path / "file", compression="rar")
    (tmp_path / "there").write_text("x")
    with pytest.raises(dbsnap.InvalidArgument, match="exists"):
        repository.export("latest", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.db", "there"]


def test_an_export_goes_to_an_open_file(repository, database):
    repository.snapshot(database.url)
    file = io.BytesIO()
    repository.export("latest", file)
    assert file.getvalue() == database.path.read_bytes()


def test_entries_are_read_one_by_one(repository, database):
    repository.snapshot(database.url)
    with repository.reader("latest") as reader:
        name = reader.manifest.entries[0].name
        content = bytearray(reader.manifest.entries[0].size_bytes)

        def place(offset, data):
            content[offset : offset + len(data)] = data

        reader.copy_entry(name, place, parallel=True)
        assert content == reader.read_entry(name) == database.path.read_bytes()
        with pytest.raises(dbsnap.NotFound):
            reader.read_entry("no such entry")


def test_a_url_of_one_database_opens_one_engine(repository, database):
    (engine,) = dbsnap.Engine.open_all(database.url)
    assert repository.snapshot(engine).source.url == database.url


@pytest.mark.skipif(not dbsnap.has_component("postgres"), reason="built without PostgreSQL")
def test_the_databases_of_a_server_that_is_not_there_cannot_be_opened():
    with pytest.raises(dbsnap.SourceUnreachable):
        dbsnap.Engine.open_all("postgres://127.0.0.1:1/?databases=all")


def test_an_error_has_its_class_hint_and_facts(repository, database, tmp_path):
    repository.snapshot(database.url)
    with pytest.raises(dbsnap.TargetNotEmpty) as caught:
        repository.restore("latest", database.url)
    error = caught.value
    assert isinstance(error, dbsnap.Error)
    assert (error.name, error.code, error.exit_code, error.retryable) == ("target-not-empty", 23, 23, False)
    assert str(database.path) in error.message
    assert error.hint
    assert repository.restore("latest", database.url, overwrite=True).bytes > 0
    (tmp_path / "text").write_text("no database at all, but long enough to hold a header of one hundred bytes " * 3)
    with pytest.raises(dbsnap.NotADatabase):
        repository.snapshot(f"sqlite://{tmp_path}/text")


def test_every_code_has_a_class():
    from dbsnap._library import lib, text_of

    named = {code for code in range(2, 256) if text_of(lib.dbsnap_status_name(code)) != "internal"}
    assert len(named) >= 24
    assert {kind.default_code for kind in dbsnap.Error.__subclasses__()} == named | {lib.DBSNAP_INTERNAL}


def test_a_closed_repository_refuses_calls(database):
    repository = dbsnap.Repository.create("memory:", encrypt=False)
    repository.close()
    repository.close()
    with pytest.raises(dbsnap.InvalidArgument):
        repository.snapshots()


def test_many_threads_share_a_repository(repository, database):
    failures = []

    def work():
        try:
            repository.snapshot(database.url)
            repository.verify()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(repository.snapshots()) == 4


def test_the_package_is_typed():
    from importlib.resources import files

    assert files("dbsnap").joinpath("py.typed").is_file()


def test_nothing_is_printed_and_the_process_ends_cleanly(tmp_path):
    program = f"""
import dbsnap, sqlite3
sqlite3.connect("{tmp_path}/a.db").execute("CREATE TABLE t (x)")
repository = dbsnap.Repository.create("memory:", encrypt=False)
repository.snapshot("sqlite://{tmp_path}/a.db")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
