"""The part of Repository that moves plain files and entries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO, Union

from ._context import Context, run_call
from ._engine import EngineLike, open_engine
from ._files import NewFile
from ._library import ffi, lib
from ._options import options_of
from ._reader import SnapshotReader
from ._reports import Manifest, ns_from_time
from ._repository_handle import RepositoryHandle
from ._streams import read_callback, write_callback

FileLike = Union[str, "os.PathLike[str]", BinaryIO]


class Transfers(RepositoryHandle):
    """Export, import, reading."""

    def export(
        self,
        id: str,
        to: FileLike,
        *,
        compression: str = "none",
        engine: EngineLike | None = None,
        context: Context | None = None,
    ) -> None:
        """Writes one plain file that the database's own tools read, "none", "gzip" or "zstd" compressed.

        A path must not exist yet; it appears only when the file is whole.
        """
        with ExitStack() as stack:
            file: BinaryIO = stack.enter_context(NewFile(to)) if isinstance(to, (str, os.PathLike)) else to
            options = stack.enter_context(options_of(compression=compression))
            full = self._full_id(id, context)
            given = None if engine is None else open_engine(engine)
            handle = ffi.NULL if given is None else given._handle
            data = ffi.new_handle(lambda offset, content: file.write(content))
            run_call(
                context,
                lambda c_context, error: lib.dbsnap_repository_export(
                    self._handle, full, handle, options, c_context, write_callback, data, error
                ),
            )

    def import_file(
        self,
        file: FileLike,
        source: EngineLike,
        *,
        tags: Sequence[str] = (),
        host: str | None = None,
        source_name: str | None = None,
        threads: int | None = None,
        compression_level: int | None = None,
        time: datetime | None = None,
        context: Context | None = None,
    ) -> Manifest:
        """Stores a plain file (gzip and zstd are recognised) as a snapshot of `source`, with its own time."""
        engine = open_engine(source)
        with ExitStack() as stack:
            opened: BinaryIO = stack.enter_context(open(file, "rb")) if isinstance(file, (str, os.PathLike)) else file
            options = stack.enter_context(
                options_of(
                    tag=list(tags),
                    host=host,
                    source_name=source_name,
                    threads=threads,
                    compression_level=compression_level,
                    time_ns=None if time is None else ns_from_time(time),
                )
            )
            data = ffi.new_handle(opened)
            return Manifest.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_import(
                        self._handle, engine._handle, read_callback, data, options, c_context, out, error
                    ),
                    context,
                )
            )

    def reader(self, id: str, *, threads: int | None = None, context: Context | None = None) -> SnapshotReader:
        """Opens a snapshot for reading its entries."""
        full = self._full_id(id, context)
        out = ffi.new("dbsnap_reader **")
        with options_of(threads=threads) as options:
            run_call(
                context,
                lambda c_context, error: lib.dbsnap_repository_read(self._handle, full, options, c_context, out, error),
            )
        return SnapshotReader(ffi.gc(out[0], lib.dbsnap_reader_free))
