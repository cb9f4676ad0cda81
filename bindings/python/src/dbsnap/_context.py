"""What travels with a call: progress, log, timeout, cancellation; and Ctrl-C."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Callable

from ._errors import check
from ._library import ffi, lib, text_of

LOG_LEVELS = ("debug", "info", "warning")


@dataclass(frozen=True)
class Progress:
    """A reading of a running call. Sizes are plain bytes, except `bytes_stored`: bytes written to the sink."""

    phase: str
    item: str
    bytes_done: int
    bytes_total: int | None
    bytes_new: int
    bytes_stored: int
    items_done: int


class CancelToken:
    """Stops every call whose context carries it. May be triggered from any thread; stays triggered."""

    def __init__(self) -> None:
        out = ffi.new("dbsnap_cancel **")
        check(lambda error: lib.dbsnap_cancel_create(out, error))
        self._handle = ffi.gc(out[0], lib.dbsnap_cancel_free)

    def trigger(self) -> None:
        """Makes the calls end soon with dbsnap.Cancelled."""
        lib.dbsnap_cancel_trigger(self._handle)


@dataclass(frozen=True)
class Context:
    """Settings of one call; may be used for many.

    `on_progress` is called at most ten times a second and at the end of each phase, `on_log` with a level ("debug",
    "info", "warning") and a line; both from one thread at a time, but not always the same one. An exception that they
    raise stops the call and is raised by it. `timeout_s` counts from the start of each call.
    """

    on_progress: Callable[[Progress], object] | None = None
    on_log: Callable[[str, str], object] | None = None
    timeout_s: float | None = None
    cancel: CancelToken | None = None


class _Callbacks:
    """The callbacks of one call, and the exception that one of them raised."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.exception: BaseException | None = None

    def run(self, action: Callable[[], object]) -> int:
        try:
            action()
        except BaseException as exception:  # a C caller must see a status, whatever happens
            self.exception = exception
            return int(lib.DBSNAP_STOPPED_BY_CALLBACK)
        return int(lib.DBSNAP_OK)


def callback_type(table: str, member: str) -> Any:
    """The C type of a member of a table of function pointers."""
    return dict(ffi.typeof(table).fields)[member].type


@ffi.callback(callback_type("dbsnap_callbacks", "progress"), error=int(lib.DBSNAP_INTERNAL))  # type: ignore[untyped-decorator]
def _on_progress(user_data: Any, progress: Any) -> int:
    callbacks = ffi.from_handle(user_data)
    total = lib.dbsnap_progress_bytes_total(progress)
    reading = Progress(
        phase=text_of(lib.dbsnap_progress_phase(progress)),
        item=text_of(lib.dbsnap_progress_item(progress)),
        bytes_done=lib.dbsnap_progress_bytes_done(progress),
        bytes_total=None if total < 0 else total,
        bytes_new=lib.dbsnap_progress_bytes_new(progress),
        bytes_stored=lib.dbsnap_progress_bytes_stored(progress),
        items_done=lib.dbsnap_progress_items_done(progress),
    )
    return int(callbacks.run(lambda: callbacks.context.on_progress(reading)))


@ffi.callback(callback_type("dbsnap_callbacks", "log"), error=int(lib.DBSNAP_INTERNAL))  # type: ignore[untyped-decorator]
def _on_log(user_data: Any, level: int, text: Any) -> int:
    callbacks = ffi.from_handle(user_data)
    return int(callbacks.run(lambda: callbacks.context.on_log(LOG_LEVELS[level], text_of(text))))


class _Call:
    """One call into the library with its C context."""

    def __init__(self, context: Context, stack: ExitStack) -> None:
        self.token = context.cancel or CancelToken()
        self.callbacks = _Callbacks(context)
        # Kept here: C holds a bare pointer to it until the context is freed.
        self._user_data = ffi.new_handle(self.callbacks)
        out = ffi.new("dbsnap_context **")
        check(lambda error: lib.dbsnap_context_create(out, error))
        self.handle = out[0]
        stack.callback(lib.dbsnap_context_free, self.handle)
        check(lambda error: lib.dbsnap_context_set_cancel(self.handle, self.token._handle, error))
        if context.timeout_s is not None:
            timeout_ms = max(0, round(context.timeout_s * 1000))
            check(lambda error: lib.dbsnap_context_set_timeout(self.handle, timeout_ms, error))
        table = ffi.new("dbsnap_callbacks *", {"struct_size": ffi.sizeof("dbsnap_callbacks")})
        if context.on_progress is not None:
            table.progress = _on_progress
        if context.on_log is not None:
            table.log = _on_log
        check(lambda error: lib.dbsnap_context_set_callbacks(self.handle, table, self._user_data, error))

    def run(self, call: Callable[[Any, Any], int]) -> None:
        try:
            check(lambda error: call(self.handle, error))
        except BaseException:
            if self.callbacks.exception is not None:
                raise self.callbacks.exception from None
            raise


def with_progress(context: Context | None, on_progress: Callable[[Progress], object] | None) -> Context | None:
    """The context with another progress callback, where one is given."""
    if on_progress is None:
        return context
    base = context or Context()
    return Context(on_progress, base.on_log, base.timeout_s, base.cancel)


def run_call(context: Context | None, call: Callable[[Any, Any], int]) -> None:
    """Runs `call`, given a C context and its `dbsnap_error **`.

    In the main thread it runs in a helper thread: a C call would hold up the signal handlers of Python, and Ctrl-C
    with them, until it returns. Ctrl-C cancels the call, waits for its orderly end, and is raised as KeyboardInterrupt.
    """
    with ExitStack() as stack:
        running = _Call(context or Context(), stack)
        if threading.current_thread() is not threading.main_thread():
            running.run(call)
            return
        _run_beside(lambda: running.run(call), running.token.trigger)


# A signal that arrives as the main thread is about to wait does not wake it: Python runs the handler when the wait ends.
_MISSED_SIGNAL_S = 0.1


def _run_beside(action: Callable[[], None], cancel: Callable[[], None]) -> None:
    """Runs `action` in a helper thread that has ended when this returns or raises, whatever signal comes.

    A signal's handler may raise between any two steps below: KeyboardInterrupt for Ctrl-C, or what the program's own
    handlers raise. Before the helper was told to go it does nothing; afterwards it is waited for, for the caller frees
    what it uses. Thread.join() will not do: one that is interrupted takes the thread for ended (Python 3.8 to 3.12).
    """
    helper = _Helper(action)
    signalled: BaseException | None = None
    try:
        helper.thread.start()
        while not helper.done:
            try:
                if signalled is not None:
                    cancel()
                helper.go.set()
                helper.running.acquire(timeout=_MISSED_SIGNAL_S)
            except BaseException as raised:
                signalled = raised
    except BaseException:
        helper.abandoned = True
        helper.go.set()
        _await_end(helper, cancel)
        raise
    if signalled is not None:
        raise signalled
    if helper.failure is not None:
        raise helper.failure


def _await_end(helper: _Helper, cancel: Callable[[], None]) -> None:
    """Returns when the helper's thread has ended or will do nothing any more."""
    while helper.thread.is_alive() and not helper.done:
        with contextlib.suppress(BaseException):
            cancel()
            helper.running.acquire(timeout=_MISSED_SIGNAL_S)


class _Helper:
    """A thread that runs an action once it is told to go."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.go = threading.Event()
        self.running = threading.Lock()
        self.running.acquire()
        self.abandoned = False
        self.done = False
        self.failure: BaseException | None = None
        self._action = action
        self._variables = contextvars.copy_context()
        self.thread = threading.Thread(target=self._work, name="dbsnap-call", daemon=True)

    def _work(self) -> None:
        self.go.wait()
        try:
            if not self.abandoned:
                self._variables.run(self._action)
        except BaseException as failure:
            self.failure = failure
        finally:
            self.done = True  # before the lock: who gets the lock sees it
            self.running.release()
