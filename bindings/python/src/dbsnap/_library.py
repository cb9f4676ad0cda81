"""Loads the C library that the package carries, and the few calls that need nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ._declarations import ffi

__all__ = ["components", "ffi", "has_component", "lib", "library_version", "repository_format", "text_of"]

lib: Any = ffi.dlopen(str(Path(__file__).parent / "libdbsnap.so"))


def text_of(pointer: Any) -> str:
    """A `const char *` as text; "" for NULL. Names of files may be anything, so bad UTF-8 is kept as surrogates."""
    return "" if pointer == ffi.NULL else ffi.string(pointer).decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Text for a `const char *` argument."""
    if "\0" in text:
        raise ValueError("text must not hold a zero byte")
    return text.encode("utf-8", "surrogateescape")


def library_version() -> str:
    """Version of the C library, for example "0.1.0"."""
    return text_of(lib.dbsnap_version())


def repository_format() -> int:
    """Newest repository format that this library writes."""
    return int(lib.dbsnap_repository_format())


def has_component(name: str) -> bool:
    """True when the engine or sink `name` was built in."""
    return bool(lib.dbsnap_has_component(encode(name)))


def components() -> list[dict[str, Any]]:
    """What was built in: {"kind", "name", "schemes"} each, engines first."""
    from ._errors import check

    out = ffi.new("dbsnap_document **")
    check(lambda error: lib.dbsnap_components(out, error))
    return take_document(out[0])  # type: ignore[no-any-return]


def take_document(document: Any) -> Any:
    """The value of a document, which is freed."""
    try:
        return json.loads(text_of(lib.dbsnap_document_json(document)))
    finally:
        lib.dbsnap_document_free(document)


def _check_version() -> None:
    # The declarations were made from a header; calling a library of another minor version by them may crash.
    expected = f"{lib.DBSNAP_VERSION_MAJOR}.{lib.DBSNAP_VERSION_MINOR}."
    if not library_version().startswith(expected):
        raise ImportError(f"libdbsnap.so is version {library_version()}, this package was built for {expected}x")


_check_version()
