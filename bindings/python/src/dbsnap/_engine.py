"""Engines: database adapters, built in or your own."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Union

from ._context import Context, callback_type, run_call
from ._errors import check, report
from ._library import encode, ffi, lib, text_of
from ._options import options_of
from ._reader import SnapshotReader
from ._reports import Manifest
from ._streams import Readable, read_into
from ._tables import callback, keep, release, releaser, value_of

_TABLE = "dbsnap_engine_table"
_KINDS = {"page_file": lib.DBSNAP_ENTRY_PAGE_FILE, "stream": lib.DBSNAP_ENTRY_STREAM}
Fact = Union[bool, int, float, str]


@dataclass
class Entry:
    """One named byte stream of a snapshot that is being taken.

    `reader` needs read(size) -> bytes, b"" at the end, and may have close(). `kind` is "page_file" for pages that are
    overwritten in place and "stream" for what moves when something is inserted. `size_hint` is for progress only.
    """

    name: str
    reader: Readable
    kind: str = "stream"
    size_hint: int | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass
class SessionResult:
    """What a session has to say when everything was read."""

    consistency_point: Mapping[str, Fact] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class Session(abc.ABC):
    """One snapshot being read. next() may be called from several threads at once; close() comes last, in any case."""

    @abc.abstractmethod
    def next(self) -> Entry | None:
        """The next entry, None when there are no more."""

    @abc.abstractmethod
    def finish(self) -> SessionResult:
        """Called once, after every entry was read to its end. Without it the snapshot was abandoned."""

    def close(self) -> None:  # noqa: B027 - optional
        """Leaves the source as it was found."""


class Snapshotter(abc.ABC):
    """A database adapter of your own, bound to one source or target. What is not overridden is refused as Unsupported.

    Raise a dbsnap.Error to fail with its code; any other exception stops the operation and is raised by it.
    """

    @property
    @abc.abstractmethod
    def engine(self) -> str:
        """Name of the engine, for example "mydb"."""

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """What it is bound to, without secrets; part of the source's identity."""

    @property
    def name(self) -> str:
        """Short name for people."""
        return self.url

    def begin(self, parent: Manifest | None, threads: int) -> Session:
        """Fixes the state that the snapshot will show. `parent` is the snapshot it will be compared with."""
        raise NotImplementedError

    def restore(self, reader: SnapshotReader, overwrite: bool) -> None:
        """Writes the snapshot beside the target, then puts it in place at once. Raises TargetNotEmpty or TargetBusy
        before anything is written."""
        raise NotImplementedError

    def check_restored(self) -> None:
        """Raises Damaged unless what restore() wrote is sound."""
        raise NotImplementedError

    def scratch_target(self, folder: str) -> Snapshotter:
        """Another one of this class, bound to a new path in `folder`, for restore tests."""
        raise NotImplementedError

    def export_plain(self, reader: SnapshotReader, write: Callable[[bytes], None]) -> None:
        """Writes the snapshot as one plain file. Not overridden: the bytes of its only entry."""
        raise NotImplementedError

    def begin_import(self, file: Readable) -> Session:
        """As begin(), over a plain file, which may be read until the session is closed."""
        raise NotImplementedError


class _ImportFile:
    """The library's input as a readable file."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        buffer = ffi.new("uint8_t[]", max(size, 1))
        count = ffi.new("size_t *")
        check(lambda error: lib.dbsnap_input_read(self._handle, buffer, size, count, ffi.NULL, error))
        return bytes(ffi.buffer(buffer, count[0]))


def _set_facts(target: Any, facts: Mapping[str, Fact]) -> None:
    for key, value in facts.items():
        name = encode(key)
        if isinstance(value, bool):
            check(lambda error: lib.dbsnap_facts_set_bool(target, name, value, error))  # noqa: B023
        elif isinstance(value, int):
            check(lambda error: lib.dbsnap_facts_set_int(target, name, value, error))  # noqa: B023
        elif isinstance(value, float):
            check(lambda error: lib.dbsnap_facts_set_double(target, name, value, error))  # noqa: B023
        else:
            text = encode(value)
            check(lambda error: lib.dbsnap_facts_set_string(target, name, text, error))  # noqa: B023


@callback(_TABLE, "begin")
def _begin(data: Any, parent: Any, threads: int, session: Any, context: Any) -> None:
    manifest = None
    if parent != ffi.NULL:
        manifest = Manifest.from_json(json.loads(text_of(lib.dbsnap_document_json(parent))))
    session[0] = keep(value_of(data).begin(manifest, threads))


@callback(_TABLE, "begin_import")
def _begin_import(data: Any, file: Any, session: Any, context: Any) -> None:
    session[0] = keep(value_of(data).begin_import(_ImportFile(file)))


@callback(_TABLE, "next")
def _next(data: Any, session: Any, entry: Any, context: Any) -> None:
    found = value_of(session).next()
    if found is None:
        return
    _set_facts(lib.dbsnap_entry_facts(entry), found.facts)
    name, kind = encode(found.name), _KINDS[found.kind]
    hint = -1 if found.size_hint is None else found.size_hint
    reader = keep(found.reader)
    try:
        check(lambda error: lib.dbsnap_entry_set(entry, name, kind, hint, reader, error))
    except BaseException:
        release(reader)
        raise


@callback(_TABLE, "read")
def _read(data: Any, reader: Any, out: Any, capacity: int, size: Any, context: Any) -> None:
    size[0] = read_into(value_of(reader), out, capacity)


@callback(_TABLE, "finish")
def _finish(data: Any, session: Any, result: Any, context: Any) -> None:
    said = value_of(session).finish()
    _set_facts(lib.dbsnap_result_point(result), said.consistency_point)
    _set_facts(lib.dbsnap_result_facts(result), said.facts)
    for text in said.warnings:
        warning = encode(text)
        check(lambda error: lib.dbsnap_result_add_warning(result, warning, error))  # noqa: B023


@callback(_TABLE, "restore")
def _restore(data: Any, reader: Any, overwrite: bool, context: Any) -> None:
    value_of(data).restore(SnapshotReader(reader, context), bool(overwrite))


@callback(_TABLE, "check_restored")
def _check_restored(data: Any, context: Any) -> None:
    value_of(data).check_restored()


@callback(_TABLE, "scratch_target")
def _scratch_target(data: Any, folder: Any, engine: Any) -> None:
    _create(value_of(data).scratch_target(text_of(folder)), engine)


@callback(_TABLE, "export_plain")
def _export_plain(data: Any, reader: Any, out: Any, context: Any) -> None:
    def write(content: bytes) -> None:
        view = ffi.from_buffer("uint8_t[]", content)
        check(lambda error: lib.dbsnap_output_write(out, view, len(view), error))

    value_of(data).export_plain(SnapshotReader(reader, context), write)


def _closer(member: str) -> Any:
    """A C function that closes and gives back a kept reader or session; there is nobody to report a failure to."""

    def close(data: Any, pointer: Any) -> None:
        try:
            closing = getattr(value_of(pointer), "close", None)
            if closing is not None:
                closing()
        except Exception as failure:
            report(failure, ffi.NULL)
        finally:
            release(pointer)

    return ffi.callback(callback_type(_TABLE, member), close)


_reader_free = _closer("reader_free")
_session_free = _closer("session_free")
_destroy = releaser(_TABLE, "destroy")
_OPTIONAL = {
    "begin": _begin,
    "restore": _restore,
    "check_restored": _check_restored,
    "scratch_target": _scratch_target,
    "export_plain": _export_plain,
    "begin_import": _begin_import,
}


def _create(snapshotter: Snapshotter, out: Any) -> None:
    texts = [ffi.new("char[]", encode(text)) for text in (snapshotter.engine, snapshotter.url, snapshotter.name)]
    table = ffi.new(_TABLE + " *", {"struct_size": ffi.sizeof(_TABLE)})
    table.engine, table.url, table.name = texts
    table.next, table.read, table.finish = _next, _read, _finish
    table.reader_free, table.session_free, table.destroy = _reader_free, _session_free, _destroy
    for member, function in _OPTIONAL.items():
        if getattr(type(snapshotter), member) is not getattr(Snapshotter, member):
            setattr(table, member, function)
    data = keep(snapshotter)
    try:
        check(lambda error: lib.dbsnap_engine_create(table, data, out, error))
    except BaseException:
        release(data)
        raise


class Engine:
    """An engine bound to one source or target; used by one thread at a time.

    By URL, Engine("sqlite:///srv/app.db"); by name and path, Engine("/srv/app.db", name="sqlite"), which takes options:
    `schema` and `busy_timeout_ms` of SQLite.
    """

    def __init__(
        self,
        target: str | Snapshotter,
        *,
        name: str | None = None,
        schema: str | None = None,
        busy_timeout_ms: int | None = None,
    ) -> None:
        out = ffi.new("dbsnap_engine **")
        if isinstance(target, Snapshotter):
            _create(target, out)
        elif name is None and schema is None and busy_timeout_ms is None:
            check(lambda error: lib.dbsnap_engine_open(encode(target), out, error))
        else:
            with options_of(sqlite_schema=schema, sqlite_busy_timeout_ms=busy_timeout_ms) as options:
                engine = encode(name or "sqlite")
                check(lambda error: lib.dbsnap_engine_open_named(engine, encode(target), options, out, error))
        self._handle = ffi.gc(out[0], lib.dbsnap_engine_free)

    @classmethod
    def open_all(cls, url: str, *, context: Context | None = None) -> list[Engine]:
        """An engine for each source that `url` names, at least one.

        "postgres://host/?databases=all" stands for several databases, each of which becomes a snapshot of its own. May
        connect, so that it can raise SourceUnreachable or AccessRefused too.
        """
        out = ffi.new("dbsnap_engine_list **")
        run_call(context, lambda c_context, error: lib.dbsnap_engine_open_all(encode(url), c_context, out, error))
        opened = ffi.gc(out[0], lib.dbsnap_engine_list_free)
        return [
            cls._holding(lib.dbsnap_engine_list_take(opened, index))
            for index in range(lib.dbsnap_engine_list_size(opened))
        ]

    @classmethod
    def _holding(cls, handle: Any) -> Engine:
        engine = cls.__new__(cls)
        engine._handle = ffi.gc(handle, lib.dbsnap_engine_free)
        return engine

    def check(self, *, context: Context | None = None) -> None:
        """Raises Damaged unless the place this engine is bound to holds a sound database."""
        run_call(context, lambda c_context, error: lib.dbsnap_engine_check(self._handle, c_context, error))


EngineLike = Union[str, Engine, Snapshotter]


def open_engine(engine: EngineLike) -> Engine:
    """What a caller may pass where an engine is wanted."""
    return engine if isinstance(engine, Engine) else Engine(engine)
