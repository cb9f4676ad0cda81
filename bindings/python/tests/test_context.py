"""Progress, log, timeout, cancellation and Ctrl-C."""

import os
import signal
import threading

import pytest

import dbsnap


def test_progress_is_reported(repository, database):
    readings = []
    repository.snapshot(database.url, on_progress=readings.append)
    assert readings[-1].bytes_done == database.path.stat().st_size
    assert all(isinstance(reading, dbsnap.Progress) for reading in readings)


class Stop(Exception):
    """An exception that only the test knows."""


def test_an_exception_of_the_progress_callback_is_raised_as_it_is(repository, database):
    def stop(reading):
        raise Stop("enough")

    with pytest.raises(Stop, match="enough"):
        repository.snapshot(database.url, on_progress=stop)
    assert repository.snapshots() == []


def test_a_triggered_token_cancels(repository, database):
    token = dbsnap.CancelToken()
    token.trigger()
    with pytest.raises(dbsnap.Cancelled):
        repository.snapshot(database.url, context=dbsnap.Context(cancel=token))
    assert repository.snapshots() == []


def test_a_timeout_ends_the_call(repository, database):
    with pytest.raises(TimeoutError) as caught:
        repository.snapshot(database.url, context=dbsnap.Context(timeout_s=0))
    assert isinstance(caught.value, dbsnap.DeadlineExceeded)


class WatchedToken(dbsnap.CancelToken):
    """Tells when it was triggered, so that the test need not guess how long that takes."""

    def __init__(self):
        super().__init__()
        self.triggered = threading.Event()

    def trigger(self):
        super().trigger()
        self.triggered.set()


@pytest.fixture
def interruptible():
    """Ctrl-C as Python handles it by default; a program started in the background is born ignoring it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_cancels_the_call_and_is_raised(repository, database, interruptible):
    token = WatchedToken()

    def press(reading):
        # From another thread than the main one, as the terminal would: Python runs the handler in the main thread.
        if not token.triggered.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            token.triggered.wait(30)

    with pytest.raises(KeyboardInterrupt):
        repository.snapshot(database.url, context=dbsnap.Context(on_progress=press, cancel=token))
    assert repository.snapshots() == []
    assert repository.snapshot(database.url).id


def test_what_a_signal_handler_raises_waits_for_the_call_to_end(repository, database):
    token = WatchedToken()

    def ring(reading):
        if not token.triggered.is_set():
            os.kill(os.getpid(), signal.SIGUSR1)
            token.triggered.wait(30)

    def end(number, frame):
        raise SystemExit(3)

    before = signal.signal(signal.SIGUSR1, end)
    try:
        with pytest.raises(SystemExit):
            repository.snapshot(database.url, context=dbsnap.Context(on_progress=ring, cancel=token))
        assert token.triggered.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert repository.snapshots() == []


def test_other_python_threads_run_during_a_call(repository, database):
    ticks = []
    finished = threading.Event()

    def tick():
        while not finished.is_set():
            ticks.append(1)
            finished.wait(0.001)

    database.add(20000)
    ticker = threading.Thread(target=tick)
    ticker.start()
    before = len(ticks)
    repository.snapshot(database.url)
    during = len(ticks) - before
    finished.set()
    ticker.join()
    assert during > 1


def test_a_call_works_outside_the_main_thread(repository, database):
    taken = []
    thread = threading.Thread(target=lambda: taken.append(repository.snapshot(database.url)))
    thread.start()
    thread.join()
    assert len(taken) == 1
