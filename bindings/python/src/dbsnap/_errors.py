"""Errors: one class per code of the library, and the way of a Python exception through C and back."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from typing import Any, Callable, ClassVar

from ._library import encode, ffi, lib, text_of


class Error(Exception):
    """Every failure of the library. docs/errors.md explains each code.

    `code` is the number, `name` the word ("no-repository"), `why` the operating system's or server's own words, `hint`
    one command to run next, `retryable` tells whether the same call may succeed later, `native_code` is an errno, an
    SQLite extended code or an HTTP status (or 0), `context` holds facts for programs: {"object": "packs/..."}.
    """

    default_code: ClassVar[int] = 1  # internal

    def __init__(
        self,
        message: str,
        *,
        why: str = "",
        hint: str = "",
        retryable: bool = False,
        native_code: int = 0,
        context: dict[str, str] | None = None,
        code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code
        self.why = why
        self.hint = hint
        self.retryable = retryable
        self.native_code = native_code
        self.context = dict(context or {})

    @property
    def name(self) -> str:
        """Name of the code, for example "no-repository"."""
        return text_of(lib.dbsnap_status_name(self.code))

    @property
    def exit_code(self) -> int:
        """Exit code that the dbsnap program would end with."""
        made = lib.dbsnap_error_create(self.code, b"")
        try:
            return int(lib.dbsnap_error_exit_code(made))
        finally:
            lib.dbsnap_error_free(made)

    def __str__(self) -> str:
        return f"{self.message}: {self.why}" if self.why else self.message


class InternalError(Error):
    """A bug in dbsnap, or a failure that fits no other class."""

    default_code = lib.DBSNAP_INTERNAL


class InvalidArgument(Error, ValueError):
    """The caller asked for something that makes no sense."""

    default_code = lib.DBSNAP_INVALID_ARGUMENT


class SourceUnreachable(Error):
    """The database or folder to back up cannot be reached."""

    default_code = lib.DBSNAP_SOURCE_UNREACHABLE


class StorageUnreachable(Error):
    """The repository's storage cannot be reached."""

    default_code = lib.DBSNAP_STORAGE_UNREACHABLE


class NoSpace(Error):
    """Disk full or quota reached."""

    default_code = lib.DBSNAP_NO_SPACE


class AccessRefused(Error):
    """The operating system or the server refused."""

    default_code = lib.DBSNAP_ACCESS_REFUSED


class NoRepository(Error):
    """There is no repository at this place."""

    default_code = lib.DBSNAP_NO_REPOSITORY


class Locked(Error):
    """Another operation must finish first."""

    default_code = lib.DBSNAP_LOCKED


class WrongKey(Error):
    """The password does not open any key slot."""

    default_code = lib.DBSNAP_WRONG_KEY


class Damaged(Error):
    """Bytes read back are not the bytes written."""

    default_code = lib.DBSNAP_DAMAGED


class DrillFailed(Error):
    """A restore test ran and found a fault."""

    default_code = lib.DBSNAP_DRILL_FAILED


class TooOld(Error):
    """The newest snapshot is older than allowed."""

    default_code = lib.DBSNAP_TOO_OLD


class TargetNotEmpty(Error):
    """The restore target exists and overwrite was not asked for."""

    default_code = lib.DBSNAP_TARGET_NOT_EMPTY


class IncompatibleVersion(Error):
    """Written by a newer dbsnap or a newer server."""

    default_code = lib.DBSNAP_INCOMPATIBLE_VERSION


class PointInTimeUnreachable(Error):
    """No snapshot and log reach the requested time."""

    default_code = lib.DBSNAP_POINT_IN_TIME_UNREACHABLE


class DrillNotRun(Error):
    """A restore test could not be carried out."""

    default_code = lib.DBSNAP_DRILL_NOT_RUN


class NotFound(Error, LookupError):
    """No such object, snapshot or entry."""

    default_code = lib.DBSNAP_NOT_FOUND


class AlreadyExists(Error):
    """Create-if-absent met something."""

    default_code = lib.DBSNAP_ALREADY_EXISTS


class NotADatabase(Error):
    """The source is not what its engine reads."""

    default_code = lib.DBSNAP_NOT_A_DATABASE


class Unsupported(Error):
    """Known, but this build or engine cannot do it."""

    default_code = lib.DBSNAP_UNSUPPORTED


class IoError(Error):
    """Reading or writing failed."""

    default_code = lib.DBSNAP_IO


class DeadlineExceeded(Error, TimeoutError):
    """The context's timeout passed."""

    default_code = lib.DBSNAP_DEADLINE_EXCEEDED


class StoppedByCallback(Error):
    """A callback asked to stop. Exceptions of callbacks are raised as they are, so this one is rarely seen."""

    default_code = lib.DBSNAP_STOPPED_BY_CALLBACK


class TargetBusy(Error):
    """The restore target is in use by another process."""

    default_code = lib.DBSNAP_TARGET_BUSY


class Cancelled(Error):
    """The context's token was triggered."""

    default_code = lib.DBSNAP_CANCELLED


_BY_CODE: dict[int, type[Error]] = {kind.default_code: kind for kind in Error.__subclasses__()}


class _Raised:
    """Exceptions of callbacks on their way through C, by the mark that the C error carries.

    Bounded: an error that the library answers by itself (a retry, say) never comes back to fetch its exception.
    """

    mark = "python_exception"
    _limit = 64

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: OrderedDict[str, BaseException] = OrderedDict()

    def keep(self, exception: BaseException) -> str:
        with self._lock:
            key = str(next(self._numbers))
            self._kept[key] = exception
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
            return key

    def take(self, key: str) -> BaseException | None:
        with self._lock:
            return self._kept.pop(key, None)


_raised = _Raised()


def check(call: Callable[[Any], int]) -> None:
    """Runs a C call, given its `dbsnap_error **`, and raises what it reports."""
    error = ffi.new("dbsnap_error **")
    status = call(error)
    if status != lib.DBSNAP_OK:
        raise_error(status, error[0])


def raise_error(status: int, error: Any) -> None:
    """Raises the exception for a C error, which is freed. A callback's own exception is raised as it was."""
    context = {}
    try:
        for index in range(lib.dbsnap_error_context_count(error)):
            key = text_of(lib.dbsnap_error_context_key(error, index))
            context[key] = text_of(lib.dbsnap_error_context_value(error, index))
        original = _raised.take(context.pop(_raised.mark, ""))
        if original is not None and not isinstance(original, Error):
            raise original
        failure = _BY_CODE.get(status, InternalError)(
            text_of(lib.dbsnap_error_message(error)) or text_of(lib.dbsnap_status_name(status)),
            why=text_of(lib.dbsnap_error_why(error)),
            hint=text_of(lib.dbsnap_error_hint(error)),
            retryable=lib.dbsnap_error_retryable(error),
            native_code=lib.dbsnap_error_native_code(error),
            context=context,
            code=status,
        )
    finally:
        lib.dbsnap_error_free(error)
    raise failure from original


def _words_of(exception: BaseException) -> object:
    if isinstance(exception, Error) and exception.args:
        return exception.args[0]
    try:
        return repr(exception)
    except Exception:  # a class of the user's that cannot say what it is
        return type(exception).__name__


def report(exception: BaseException, error: Any) -> int:
    """In a callback: hands an exception to the library; returns the status to return."""
    status = exception.code if isinstance(exception, Error) else lib.DBSNAP_STOPPED_BY_CALLBACK
    if error == ffi.NULL:
        return int(status)
    made = lib.dbsnap_error_create(status, encode_lossy(_words_of(exception)))
    if isinstance(exception, Error):
        lib.dbsnap_error_set_why(made, encode_lossy(exception.why))
        lib.dbsnap_error_set_hint(made, encode_lossy(exception.hint))
        lib.dbsnap_error_set_retryable(made, exception.retryable)
        lib.dbsnap_error_set_native_code(made, exception.native_code)
        for key, value in exception.context.items():
            lib.dbsnap_error_add_context(made, encode_lossy(key), encode_lossy(value))
    lib.dbsnap_error_add_context(made, encode(_raised.mark), encode(_raised.keep(exception)))
    error[0] = made
    return int(status)


def encode_lossy(text: object) -> bytes:
    return str(text).replace("\0", "").encode("utf-8", "replace")
