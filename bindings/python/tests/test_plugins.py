"""Sinks, engines and policies written in Python."""

import gc
import threading
import weakref

import pytest
from conftest import count_rows

import dbsnap


class Mute(Exception):
    """Cannot say what it is."""

    def __repr__(self):
        raise RuntimeError("no words")


class DictSink(dbsnap.Sink):
    """Objects in a dictionary; can be told to fail."""

    cheap_reads = True

    def __init__(self):
        self.objects = {}
        self.lock = threading.Lock()
        self.failure = None

    def put(self, key, data, *, if_absent):
        if self.failure is not None:
            raise self.failure
        with self.lock:
            if if_absent and key in self.objects:
                return False
            self.objects[key] = bytes(data)
            return True

    def get(self, key, offset, length):
        try:
            content = self.objects[key]
        except KeyError:
            raise dbsnap.NotFound(f"no object {key}") from None
        return content[offset:] if length is None else content[offset : offset + length]

    def stat(self, key):
        content = self.objects.get(key)
        return None if content is None else len(content)

    def list(self, prefix):
        with self.lock:
            return [(key, len(content)) for key, content in self.objects.items() if key.startswith(prefix)]

    def remove(self, key):
        self.objects.pop(key, None)


def test_an_exception_without_words_is_a_failure_too(database):
    sink = DictSink()
    with dbsnap.Repository.create(sink, encrypt=False) as repository:
        sink.failure = Mute()
        with pytest.raises(Mute):
            repository.snapshot(database.url)


def test_a_repository_lives_in_a_python_sink(database, tmp_path):
    sink = DictSink()
    with dbsnap.Repository.create(sink, password="x") as repository:
        repository.snapshot(database.url)
    with dbsnap.Repository.open(sink, password="x") as repository:
        repository.restore("latest", f"sqlite://{tmp_path}/copy.db")
        assert repository.verify()
        largest = max(sink.objects, key=lambda key: len(sink.objects[key]))
        content = bytearray(sink.objects[largest])
        content[len(content) // 2] ^= 1
        sink.objects[largest] = bytes(content)
        assert not repository.verify()
    assert count_rows(tmp_path / "copy.db") == 500


def test_a_sink_is_released_with_its_repository(database):
    sink = DictSink()
    watched = weakref.ref(sink)
    repository = dbsnap.Repository.create(sink, encrypt=False)
    del sink
    gc.collect()
    assert watched() is not None
    repository.close()
    del repository
    gc.collect()
    assert watched() is None


def test_an_error_of_the_sink_keeps_its_class_and_facts(database):
    sink = DictSink()
    with dbsnap.Repository.create(sink, encrypt=False) as repository:
        sink.failure = dbsnap.NoSpace("the dictionary is full", hint="buy a bigger one", context={"shelf": "3"})
        with pytest.raises(dbsnap.NoSpace, match="the dictionary is full") as caught:
            repository.snapshot(database.url)
        assert caught.value.hint == "buy a bigger one"
        assert caught.value.context == {"shelf": "3"}
        assert caught.value.__cause__ is sink.failure


def test_another_exception_of_the_sink_is_raised_as_it_is(database):
    sink = DictSink()
    with dbsnap.Repository.create(sink, encrypt=False) as repository:
        sink.failure = KeyError("a bug of the sink")
        with pytest.raises(KeyError) as caught:
            repository.snapshot(database.url)
        assert caught.value is sink.failure
        sink.failure = None
        assert repository.snapshots() == []


class TextReader:
    def __init__(self, notes, content):
        self.notes = notes
        self.content = content
        notes.open_readers += 1

    def read(self, size):
        if self.notes.failure is not None:
            raise self.notes.failure
        piece, self.content = self.content[: min(size, 3)], self.content[min(size, 3) :]
        return piece

    def close(self):
        self.notes.open_readers -= 1


class NotesSession(dbsnap.Session):
    def __init__(self, notes):
        self.notes = notes
        self.left = sorted(notes.texts.items())
        self.lock = threading.Lock()
        notes.open_sessions += 1

    def next(self):
        with self.lock:
            if not self.left:
                return None
            name, text = self.left.pop(0)
        facts = {"words": len(text.split()), "secret": False, "weight": 0.5, "language": "en"}
        return dbsnap.Entry(name, TextReader(self.notes, text.encode()), size_hint=len(text), facts=facts)

    def finish(self):
        return dbsnap.SessionResult({"page": 7}, {"paper": "squared"}, ["the ink is not dry"])

    def close(self):
        self.notes.open_sessions -= 1


class Notes(dbsnap.Snapshotter):
    """A "database" of named texts."""

    engine = "notes"

    def __init__(self, texts=None, url="notes:///desk"):
        self.texts = dict(texts or {})
        self.address = url
        self.failure = None
        self.parents = []
        self.open_readers = 0
        self.open_sessions = 0

    @property
    def url(self):
        return self.address

    def begin(self, parent, threads):
        self.parents.append(parent)
        return NotesSession(self)

    def restore(self, reader, overwrite):
        if self.texts and not overwrite:
            raise dbsnap.TargetNotEmpty("the note book is not empty")
        for entry in reader.manifest.entries:
            self.texts[entry.name] = reader.read_entry(entry.name).decode()

    def check_restored(self):
        if "torn" in self.texts:
            raise dbsnap.Damaged("a page is torn out")

    def scratch_target(self, folder):
        return Notes(url=f"notes://{folder}")

    def export_plain(self, reader, write):
        for entry in reader.manifest.entries:
            write(f"{entry.name}: {reader.read_entry(entry.name).decode()}\n".encode())

    def begin_import(self, file):
        self.texts = dict(line.split(": ", 1) for line in file.read().decode().splitlines())
        return NotesSession(self)


def test_a_python_engine_is_backed_up_and_restored(repository):
    notes = Notes({"first": "buy milk", "second": "call home"})
    first = repository.snapshot(notes)
    second = repository.snapshot(notes)
    assert [parent and parent.id for parent in notes.parents] == [None, first.id]
    assert second.source.engine == "notes"
    assert second.consistency_point == {"page": 7}
    assert second.engine_facts == {"paper": "squared"}
    assert second.warnings == ["the ink is not dry"]
    assert second.entries[0].facts == {"words": 2, "secret": False, "weight": 0.5, "language": "en"}
    copy = Notes()
    repository.restore("latest", copy)
    assert copy.texts == notes.texts
    with pytest.raises(dbsnap.TargetNotEmpty):
        repository.restore("latest", copy)
    assert (notes.open_readers, notes.open_sessions) == (0, 0)


def test_verify_restores_with_the_python_engine(repository):
    repository.snapshot(Notes({"first": "x"}))
    assert repository.verify(level="data", engine=Notes())
    repository.snapshot(Notes({"torn": "x"}))
    report = repository.verify(level="data", engine=Notes())
    assert not report
    assert "torn out" in report.damage[0].what


def test_a_python_engine_exports_and_imports(repository, tmp_path):
    notes = Notes({"first": "buy milk", "second": "call home"})
    repository.snapshot(notes)
    repository.export("latest", tmp_path / "notes.txt", engine=notes)
    assert (tmp_path / "notes.txt").read_text() == "first: buy milk\nsecond: call home\n"
    imported = repository.import_file(tmp_path / "notes.txt", Notes(url="notes:///other"))
    assert [entry.name for entry in imported.entries] == ["first", "second"]


def test_a_failing_reader_abandons_the_snapshot(repository):
    notes = Notes({"first": "buy milk", "second": "call home"})
    notes.failure = ZeroDivisionError("a bug of the reader")
    with pytest.raises(ZeroDivisionError):
        repository.snapshot(notes)
    assert repository.snapshots() == []
    assert (notes.open_readers, notes.open_sessions) == (0, 0)


class WriteOnly(dbsnap.Snapshotter):
    engine = "write-only"
    url = "write-only:"

    def restore(self, reader, overwrite):
        raise AssertionError("not called")


def test_what_an_engine_does_not_override_is_unsupported(repository):
    with pytest.raises(dbsnap.Unsupported, match="write-only"):
        repository.snapshot(WriteOnly())
    with pytest.raises(dbsnap.Unsupported):
        dbsnap.Engine(WriteOnly()).check()


class KeepTagged(dbsnap.RetentionPolicy):
    def __init__(self, tag):
        self.tag = tag

    def evaluate(self, snapshots, now):
        assert all(snapshot.time <= now for snapshot in snapshots)
        kept = [self.tag in snapshot.tags for snapshot in snapshots]
        return [dbsnap.Verdict(keep, [dbsnap.Reason("tagged", self.tag)] if keep else []) for keep in kept]


def test_a_python_policy_decides(repository, database):
    for tag in ("old", "old", "new"):
        repository.snapshot(database.url, tags=[tag])
    plan = repository.plan_prune(KeepTagged("new"))
    assert [decision.keep for decision in plan.decisions] == [True, False, False]
    assert plan.decisions[0].reasons == [dbsnap.Reason("tagged", "new")]
    assert plan.oldest_kept == plan.decisions[0].snapshot.time
    assert len(repository.snapshots()) == 3
    assert repository.apply(plan).snapshots_removed == 2
    assert [snapshot.tags for snapshot in repository.snapshots()] == [["new"]]


class Broken(dbsnap.RetentionPolicy):
    def evaluate(self, snapshots, now):
        return []


def test_a_policy_with_too_few_verdicts_is_refused(repository, database):
    repository.snapshot(database.url)
    with pytest.raises(ValueError, match="0 verdicts for 1"):
        repository.plan_prune(Broken())


def test_the_built_in_policy_keeps_by_its_rules(repository, database):
    for tag in ("keep", "no", "no"):
        repository.snapshot(database.url, tags=[tag])
    plan = repository.plan_prune(dbsnap.KeepPolicy(last=1, tags=["keep"]))
    assert [decision.keep for decision in plan.decisions] == [True, False, True]
    assert repository.apply(plan).snapshots_removed == 1


def test_a_bad_rule_is_refused(repository):
    with pytest.raises(dbsnap.InvalidArgument):
        repository.plan_prune(dbsnap.KeepPolicy(within="a fortnight"))
    with pytest.raises(dbsnap.InvalidArgument):
        repository.plan_prune(dbsnap.KeepPolicy(last=-1))
