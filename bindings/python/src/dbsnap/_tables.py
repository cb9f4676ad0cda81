"""Python objects behind tables of C function pointers."""

from __future__ import annotations

import threading
from typing import Any, Callable, TypeVar

from ._context import callback_type
from ._errors import report
from ._library import ffi, lib

Function = TypeVar("Function", bound=Callable[..., Any])

_lock = threading.Lock()
_alive: dict[int, Any] = {}  # address of the handle -> handle; an entry lives until C calls destroy or free


def keep(value: object) -> Any:
    """A `void *` for `value`, which lives until release()."""
    handle = ffi.new_handle(value)
    with _lock:
        _alive[int(ffi.cast("uintptr_t", handle))] = handle
    return handle


def release(pointer: Any) -> None:
    """Ends the life of what keep() returned."""
    with _lock:
        _alive.pop(int(ffi.cast("uintptr_t", pointer)), None)


def value_of(pointer: Any) -> Any:
    """The value behind a `void *` from keep()."""
    return ffi.from_handle(pointer)


def callback(table: str, member: str) -> Callable[[Callable[..., None]], Any]:
    """A C function for a member that ends in `dbsnap_error **`: exceptions become errors, no exception DBSNAP_OK."""

    def decorate(function: Callable[..., None]) -> Any:
        def call(*arguments: Any) -> int:
            try:
                function(*arguments[:-1])
            except BaseException as exception:  # a C caller must see a status, whatever happens
                return report(exception, arguments[-1])
            return int(lib.DBSNAP_OK)

        # What fails in report() itself must not look like success.
        return ffi.callback(callback_type(table, member), call, error=int(lib.DBSNAP_INTERNAL))

    return decorate


def releaser(table: str, member: str) -> Any:
    """A C function for a member that gives a kept object back: its last argument is the `void *`."""
    return ffi.callback(callback_type(table, member), lambda *arguments: release(arguments[-1]))


def bytes_view(pointer: Any, size: int) -> memoryview:
    """Borrowed bytes of the library, good until the callback returns."""
    return memoryview(ffi.buffer(pointer, size)) if size else memoryview(b"")
