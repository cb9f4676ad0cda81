"""The keys of an encrypted repository: the passwords and recovery codes that open it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._context import Context, run_call
from ._library import encode, ffi, lib, take_document, text_of
from ._reports import Json, time_from_text
from ._repository_handle import RepositoryHandle


@dataclass(frozen=True)
class KeyInfo:
    """One key. All of it is stored in clear."""

    id: str
    """16 hex digits; stays the same when the password is changed."""
    kind: str | None
    """What opens it, "password" or "recovery"; None when the key is damaged."""
    label: str
    created: datetime | None
    """When this password was set; None when the key is damaged."""
    current: bool
    """True for the key that this repository was opened with."""
    good: bool
    """False: what is stored of it opens nothing."""
    older: int
    """Earlier passwords that still open it, because a change was broken off."""

    @staticmethod
    def from_json(data: Json) -> KeyInfo:
        created = data["created"]
        return KeyInfo(
            data["id"],
            data["kind"],
            data["label"],
            None if created is None else time_from_text(created),
            data["current"],
            data["good"],
            data["older"],
        )


@dataclass(frozen=True)
class RecoveryKey:
    """A new recovery key. Its code is accepted wherever a password is, and kept nowhere."""

    key: KeyInfo
    code: str

    def __repr__(self) -> str:
        return f"RecoveryKey(key={self.key!r}, code=...)"


class Keys(RepositoryHandle):
    """Passwords and recovery codes. All of it raises InvalidArgument for a repository that is not encrypted."""

    def keys(self, *, context: Context | None = None) -> list[KeyInfo]:
        """Newest first."""
        rows = self._document(
            lambda c_context, out, error: lib.dbsnap_repository_key_list(self._handle, c_context, out, error), context
        )
        return [KeyInfo.from_json(row) for row in rows]

    def add_key(self, password: str, *, label: str = "", context: Context | None = None) -> KeyInfo:
        """Adds a password; when this returns it opens the repository. The label is stored in clear."""
        secret, words = encode(password), encode(label)
        return KeyInfo.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_key_add(
                    self._handle, secret, words, c_context, out, error
                ),
                context,
            )
        )

    def change_key(self, id: str, password: str, *, context: Context | None = None) -> KeyInfo:
        """Replaces the password of a key, named by its id or a unique prefix of it.

        The new password works before the old one stops to.
        """
        name, secret = encode(id), encode(password)
        return KeyInfo.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_key_change(
                    self._handle, name, secret, c_context, out, error
                ),
                context,
            )
        )

    def remove_key(self, id: str, *, force: bool = False, context: Context | None = None) -> None:
        """Removes a key: never the last one, and the one this repository was opened with only with `force`."""
        name = encode(id)
        run_call(
            context,
            lambda c_context, error: lib.dbsnap_repository_key_remove(self._handle, name, force, c_context, error),
        )

    def add_recovery_key(self, *, label: str = "", context: Context | None = None) -> RecoveryKey:
        """Adds a key that a code of dbsnap's own making opens. Write the code down: it is given this once."""
        words = encode(label)
        code, key = ffi.new("char **"), ffi.new("dbsnap_document **")
        run_call(
            context,
            lambda c_context, error: lib.dbsnap_repository_key_add_recovery(
                self._handle, words, c_context, code, key, error
            ),
        )
        try:
            return RecoveryKey(KeyInfo.from_json(take_document(key[0])), text_of(code[0]))
        finally:
            _overwrite(code[0])
            lib.dbsnap_string_free(code[0])


def _overwrite(text: Any) -> None:
    size = len(ffi.string(text))
    ffi.memmove(text, bytes(size), size)
