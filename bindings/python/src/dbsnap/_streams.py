"""Bytes that leave the library through a writer, and bytes that enter it from a file."""

from __future__ import annotations

from typing import Any, Callable, Protocol

from ._errors import report
from ._library import ffi, lib
from ._tables import bytes_view

Write = Callable[[int, memoryview], object]


class Readable(Protocol):
    """A binary file opened for reading, or anything with such a read()."""

    def read(self, size: int, /) -> bytes: ...


@ffi.callback(ffi.typeof("dbsnap_write_fn"), error=int(lib.DBSNAP_INTERNAL))  # type: ignore[untyped-decorator]
def write_callback(data: Any, offset: int, content: Any, size: int, error: Any) -> int:
    """The C function; its data is a handle of a Write."""
    try:
        ffi.from_handle(data)(offset, bytes_view(content, size))
    except BaseException as exception:  # a C caller must see a status, whatever happens
        return report(exception, error)
    return int(lib.DBSNAP_OK)


@ffi.callback(ffi.typeof("dbsnap_read_fn"), error=int(lib.DBSNAP_INTERNAL))  # type: ignore[untyped-decorator]
def read_callback(data: Any, out: Any, capacity: int, size: Any, error: Any) -> int:
    """The C function; its data is a handle of a Readable."""
    try:
        size[0] = read_into(ffi.from_handle(data), out, capacity)
    except BaseException as exception:  # a C caller must see a status, whatever happens
        return report(exception, error)
    return int(lib.DBSNAP_OK)


def read_into(file: Readable, out: Any, capacity: int) -> int:
    """Reads once into C memory; 0 at the end."""
    content = file.read(capacity)
    if len(content) > capacity:
        raise ValueError(f"read({capacity}) returned {len(content)} bytes")
    ffi.memmove(out, content, len(content))
    return len(content)
