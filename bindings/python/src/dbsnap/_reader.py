"""A stored snapshot, opened for reading."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ._context import Context, run_call
from ._errors import check
from ._library import encode, ffi, lib, take_document
from ._reports import Manifest
from ._streams import Write, write_callback


class SnapshotReader:
    """Every byte it gives has been checked. May be used from many threads; closed by close() or a `with` statement."""

    def __init__(self, handle: Any, c_context: Any = None) -> None:
        self._handle = handle
        self._c_context = c_context  # in a callback of a running call: that call's context
        out = ffi.new("dbsnap_document **")
        check(lambda error: lib.dbsnap_reader_manifest(handle, out, error))
        self._manifest = Manifest.from_json(take_document(out[0]))

    @property
    def manifest(self) -> Manifest:
        """The snapshot's manifest."""
        return self._manifest

    def copy_entry(self, name: str, write: Write, *, parallel: bool = False, context: Context | None = None) -> None:
        """Hands the entry to `write(offset, data)`; `data` is good until it returns. Raises NotFound.

        With `parallel` from several threads at once in any order, otherwise ascending from 0.
        """
        data = ffi.new_handle(write)
        encoded = encode(name)

        def call(c_context: Any, error: Any) -> int:
            return int(
                lib.dbsnap_reader_copy_entry(self._handle, encoded, parallel, write_callback, data, c_context, error)
            )

        if self._c_context is not None:
            check(lambda error: call(self._c_context, error))
        else:
            run_call(context, call)

    def read_entry(self, name: str, *, context: Context | None = None) -> bytes:
        """The whole entry in memory."""
        content = bytearray()
        self.copy_entry(name, lambda offset, data: content.extend(data), context=context)
        return bytes(content)

    def close(self) -> None:
        """Frees the reader; using it afterwards fails."""
        if self._c_context is None and self._handle != ffi.NULL:
            ffi.release(self._handle)
            self._handle = ffi.NULL

    def __enter__(self) -> SnapshotReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
