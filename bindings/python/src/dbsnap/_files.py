"""A file that is written beside its name first."""

from __future__ import annotations

import os
import tempfile
from types import TracebackType
from typing import BinaryIO

from ._errors import InvalidArgument


class NewFile:
    """A file that appears under its name only when the `with` block ends without an exception."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def __enter__(self) -> BinaryIO:
        if os.path.lexists(self._path):
            raise InvalidArgument(f"{self._path} exists already")
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed in __exit__
            dir=os.path.dirname(os.path.abspath(self._path)), prefix=".dbsnap-", delete=False
        )
        return self._file  # type: ignore[return-value]

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                os.link(self._file.name, self._path)  # unlike rename, never replaces what came in the meantime
        finally:
            self._file.close()
            os.unlink(self._file.name)
