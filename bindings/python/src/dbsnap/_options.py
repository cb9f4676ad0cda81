"""Keyword arguments as a C options handle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._errors import check
from ._library import encode, ffi, lib


@contextmanager
def options_of(**values: Any) -> Iterator[Any]:
    """An options handle with every value that is not None. A sequence of texts becomes a list option."""
    out = ffi.new("dbsnap_options **")
    check(lambda error: lib.dbsnap_options_create(out, error))
    try:
        for key, value in values.items():
            if value is not None:
                _set(out[0], encode(key), value)
        yield out[0]
    finally:
        lib.dbsnap_options_free(out[0])


def _set(handle: Any, key: bytes, value: Any) -> None:
    if isinstance(value, bool):
        check(lambda error: lib.dbsnap_options_set_bool(handle, key, value, error))
    elif isinstance(value, int):
        check(lambda error: lib.dbsnap_options_set_int(handle, key, value, error))
    elif isinstance(value, str):
        check(lambda error: lib.dbsnap_options_set_string(handle, key, encode(value), error))
    elif isinstance(value, Sequence):
        for text in value:
            encoded = encode(text)
            check(lambda error: lib.dbsnap_options_add_string(handle, key, encoded, error))  # noqa: B023
    else:
        raise TypeError(f"option {key.decode()} cannot be a {type(value).__name__}")
