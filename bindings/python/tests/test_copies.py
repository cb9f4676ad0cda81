"""Copies between repositories, pending copies and status through Python."""

from datetime import datetime, timedelta, timezone

import pytest
from conftest import count_rows

import dbsnap


@pytest.fixture
def target():
    with dbsnap.Repository.create("memory:", password="other keys") as made:
        yield made


def test_a_copy_keeps_what_it_was_and_is_found_by_the_original_id(repository, target, database, tmp_path):
    taken = repository.snapshot(database.url, tags=["nightly"], host="web1")
    seen = []
    report = target.copy_from(repository, on_progress=seen.append)
    assert report
    assert report.origin_repository == repository.id
    (copy,) = report.snapshots
    assert (copy.state, copy.origin) == ("copied", dbsnap.Origin(repository.id, taken.id))
    assert {progress.phase for progress in seen} == {"copy"}
    manifest = target.manifest(taken.id)
    assert manifest.id == copy.id != taken.id
    assert manifest.origin == copy.origin
    assert (manifest.time, manifest.tags, manifest.source) == (taken.time, taken.tags, taken.source)
    assert target.snapshots()[0].origin == copy.origin
    target.restore(taken.id, f"sqlite://{tmp_path}/copy.db")
    assert count_rows(tmp_path / "copy.db") == 500


def test_later_copies_take_what_is_new(repository, target, database):
    database.add(20000)
    repository.snapshot(database.url)
    first = target.copy_from(repository).snapshots[0]
    database.add(1)
    repository.snapshot(database.url)
    planned = target.copy_from(repository, dry_run=True)
    assert [copy.state for copy in planned.snapshots] == ["present", "planned"]
    second = target.copy_from(repository).snapshots[1]
    assert second.bytes_stored * 20 < first.bytes_stored
    assert second.bytes_new == planned.snapshots[1].bytes_new


def test_copies_can_be_chosen(repository, target, database):
    old = datetime.now(timezone.utc) - timedelta(days=9)
    repository.snapshot(database.url, time=old, tags=["weekly"])
    new = repository.snapshot(database.url)
    recent = target.copy_from(repository, since=datetime.now(timezone.utc) - timedelta(days=1))
    assert [copy.snapshot.id for copy in recent.snapshots] == [new.id]
    assert len(target.copy_from(repository, snapshots=["latest"]).snapshots) == 1
    assert target.copy_from(repository, tags=["weekly"], last=1).snapshots[0].state == "copied"
    with pytest.raises(dbsnap.NotFound):
        target.copy_from(repository, snapshots=["0123abcd"])


def test_a_copy_in_clear_must_be_allowed(repository, target, database):
    target.snapshot(database.url)
    with pytest.raises(dbsnap.InvalidArgument):
        repository.copy_from(target)
    assert repository.copy_from(target, allow_unencrypted=True)


def test_status_shows_ages_and_pending_copies(repository, database):
    assert repository.status(max_age="26h").too_old
    taken = repository.snapshot(database.url, time=datetime.now(timezone.utc) - timedelta(hours=30))
    repository.note_pending(taken.id, "s3://bucket/app")
    status = repository.status(max_age="26h")
    assert status.too_old
    (source,) = status.sources
    assert (source.newest, source.snapshots, source.damaged, source.too_old) == (taken.id, 1, 0, True)
    assert 29 * 3600 < source.age_s < 31 * 3600
    (pending,) = status.pending
    assert (pending.snapshot, pending.to) == (taken.id, "s3://bucket/app")
    assert not repository.status(max_age="31h").too_old
    repository.settle_pending(taken.id, "s3://bucket/app")
    assert repository.status().pending == []
