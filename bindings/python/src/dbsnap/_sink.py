"""Sinks: where a repository's objects are kept."""

from __future__ import annotations

import abc
import os
from collections.abc import Iterable
from typing import Any, ClassVar, Union

from ._errors import NotFound, check
from ._library import encode, ffi, lib, text_of
from ._tables import bytes_view, callback, keep, release, releaser, value_of

_TABLE = "dbsnap_sink_table"
_TO_END = 2**64 - 1


class Sink(abc.ABC):
    """A store of your own: a flat key-value store of write-once objects of up to 64 MiB.

    Keys are text of [a-z0-9._-] in segments joined by "/". Methods are called from many threads at once. Raise a
    dbsnap.Error (StorageUnreachable(retryable=True), AccessRefused, NoSpace, IoError) to fail with its code; any other
    exception stops the operation and is raised by it.
    """

    if_absent: ClassVar[bool] = True
    """put(if_absent=True) is decided by the store, also between processes."""
    list_after_write: ClassVar[bool] = True
    """list() shows every object whose put() has returned."""
    cheap_reads: ClassVar[bool] = False
    """A ranged get() costs about as much as reading a local file."""

    @property
    def url(self) -> str:
        """Where this is, for people, without secrets."""
        return f"python:{type(self).__qualname__}"

    @abc.abstractmethod
    def put(self, key: str, data: memoryview, *, if_absent: bool) -> bool:
        """Stores a copy of `data` whole or not at all; durable on return. False: `if_absent` and the key exists."""

    @abc.abstractmethod
    def get(self, key: str, offset: int, length: int | None) -> bytes | memoryview:
        """Up to `length` bytes from `offset` (None: to the end). Raises NotFound when there is no such object."""

    @abc.abstractmethod
    def stat(self, key: str) -> int | None:
        """Size of the object, None when there is none. Doubt is an exception, never None."""

    @abc.abstractmethod
    def list(self, prefix: str) -> Iterable[tuple[str, int]]:
        """Key and size of every object whose key starts with `prefix`, in any order."""

    @abc.abstractmethod
    def remove(self, key: str) -> None:
        """Removes the object; an absent one is success."""


@callback(_TABLE, "put")
def _put(data: Any, key: Any, content: Any, size: int, if_absent: bool, already_exists: Any, context: Any) -> None:
    stored = value_of(data).put(text_of(key), bytes_view(content, size), if_absent=if_absent)
    already_exists[0] = bool(if_absent and not stored)


@callback(_TABLE, "get")
def _get(data: Any, key: Any, offset: int, length: int, out: Any, context: Any) -> None:
    found = value_of(data).get(text_of(key), offset, None if length == _TO_END else length)
    if not lib.dbsnap_buffer_append(out, ffi.from_buffer("uint8_t[]", found), len(found)):
        raise MemoryError("not enough memory for an object")


@callback(_TABLE, "stat")
def _stat(data: Any, key: Any, exists: Any, size: Any, context: Any) -> None:
    found = value_of(data).stat(text_of(key))
    exists[0] = found is not None
    size[0] = found or 0


@callback(_TABLE, "list")
def _list(data: Any, prefix: Any, visitor: Any, visitor_data: Any, context: Any) -> None:
    for key, size in value_of(data).list(text_of(prefix)):
        if not visitor(visitor_data, encode(key), size):
            return


@callback(_TABLE, "remove")
def _remove(data: Any, key: Any, context: Any) -> None:
    try:
        value_of(data).remove(text_of(key))
    except NotFound:
        return


_destroy = releaser(_TABLE, "destroy")

SinkLike = Union[str, "os.PathLike[str]", Sink]


def open_sink(sink: SinkLike) -> Any:
    """A C handle, freed with its last Python reference. Repositories made from it keep the sink by themselves."""
    out = ffi.new("dbsnap_sink **")
    if isinstance(sink, Sink):
        _create(sink, out)
    else:
        check(lambda error: lib.dbsnap_sink_open(encode(os.fspath(sink)), out, error))
    return ffi.gc(out[0], lib.dbsnap_sink_free)


def _create(sink: Sink, out: Any) -> None:
    capabilities = 0
    capabilities |= lib.DBSNAP_SINK_IF_ABSENT if sink.if_absent else 0
    capabilities |= lib.DBSNAP_SINK_LIST_AFTER_WRITE if sink.list_after_write else 0
    capabilities |= lib.DBSNAP_SINK_CHEAP_READS if sink.cheap_reads else 0
    url = ffi.new("char[]", encode(sink.url))
    table = ffi.new(_TABLE + " *", {"struct_size": ffi.sizeof(_TABLE), "url": url, "capabilities": capabilities})
    table.put, table.get, table.stat, table.list, table.remove = _put, _get, _stat, _list, _remove
    table.destroy = _destroy
    data = keep(sink)
    try:
        check(lambda error: lib.dbsnap_sink_create(table, data, out, error))
    except BaseException:
        release(data)
        raise
