"""What every part of Repository stands on: the handle, its life, and the ways to call."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Callable, TypeVar

from ._context import Context, run_call
from ._library import encode, ffi, lib, take_document, text_of
from ._options import options_of

Self = TypeVar("Self", bound="RepositoryHandle")


class RepositoryHandle:
    """Owns the C handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def close(self) -> None:
        """Closes the repository; calls made afterwards raise InvalidArgument. Not while a call is running."""
        if self._handle != ffi.NULL:
            ffi.release(self._handle)
            self._handle = ffi.NULL

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def id(self) -> str:
        """Random id fixed at creation, 32 hex digits."""
        return text_of(lib.dbsnap_repository_id(self._handle))

    @property
    def encrypted(self) -> bool:
        """True when what is stored is encrypted."""
        return bool(lib.dbsnap_repository_encrypted(self._handle))

    def resolve(
        self,
        text: str = "latest",
        *,
        source: str | None = None,
        tags: Sequence[str] = (),
        context: Context | None = None,
    ) -> str:
        """Full id of an id, a unique prefix, or "latest". Raises NotFound, or InvalidArgument when several match."""
        encoded = encode(text)
        with options_of(source=source, tag=list(tags)) as options:
            return self._text(
                lambda c_context, out, error: lib.dbsnap_repository_resolve(
                    self._handle, encoded, options, c_context, out, error
                ),
                context,
            )

    def _full_id(self, text: str, context: Context | None) -> bytes:
        return encode(self.resolve(text, context=context))

    def _document(self, call: Callable[[Any, Any, Any], int], context: Context | None) -> Any:
        out = ffi.new("dbsnap_document **")
        run_call(context, lambda c_context, error: call(c_context, out, error))
        return take_document(out[0])

    def _text(self, call: Callable[[Any, Any, Any], int], context: Context | None) -> str:
        out = ffi.new("char **")
        run_call(context, lambda c_context, error: call(c_context, out, error))
        try:
            return text_of(out[0])
        finally:
            lib.dbsnap_string_free(out[0])
