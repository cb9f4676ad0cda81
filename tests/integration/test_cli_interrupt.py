"""Signals, killed processes and terminals."""

import os
import pty
import random
import select
import signal
import time

import pytest
from conftest import Database

SLOW = ("--limit-read", "1M")


@pytest.fixture
def large(folder):
    return Database(folder / "large.db", rows=40000)


def started_backup(repository, database, *args, **options):
    """A backup that has begun to read and will take several seconds."""
    process = repository.program.start("backup", database.url, *SLOW, *args, env=repository.env, **options)
    known = set(repository.objects("sessions"))
    while set(repository.objects("sessions")) <= known:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda s: str(s)
)
def test_a_signal_stops_a_backup_and_leaves_the_repository_usable(repository, database, large, sent, code):
    process = started_backup(repository, large)
    process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == ""
    assert "error[cancelled]" in err
    assert repository.ids() == [repository.first]
    repository.backup(database.change(1))
    assert repository.is_sound()


def test_what_an_interrupted_backup_stored_is_freed_by_prune(repository, large):
    process = started_backup(repository, large)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    repository.ok("prune", "--discard-unfinished", "--yes")
    assert repository.ok("stats", "--json").document["unreferenced_bytes"] == 0
    assert repository.is_sound()


def test_a_second_signal_ends_the_program_at_once(repository, large):
    process = started_backup(repository, large)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert repository.ids() == [repository.first]
    assert repository.is_sound()


def test_an_ignored_hangup_stays_ignored(repository, database):
    process = started_backup(
        repository, Database(repository.path.parent / "other.db", rows=8000),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_an_interrupted_restore_leaves_no_target(repository, large, folder):
    snapshot = repository.backup(large)
    process = repository.program.start("restore", snapshot, "--to", folder / "x.db", env=repository.env)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode in (0, 130, -signal.SIGINT)
    if process.returncode != 0:
        assert not (folder / "x.db").exists()
    assert repository.is_sound()


def test_kill_at_random_moments_loses_nothing(repository, database, large):
    chosen = random.Random(20260101)
    for round_number in range(6):
        process = repository.program.start("backup", large.url, "--limit-read", "4M", env=repository.env)
        time.sleep(chosen.uniform(0, 1.5))
        process.kill()
        process.communicate()
        # Whether the killed one was finished or not, everything that is listed restores.
        kept = repository.backup(database.change(round_number))
        assert repository.ids()[0] == kept
    assert repository.is_sound()
    repository.ok("prune", "--discard-unfinished", "--yes")
    assert repository.is_sound()
    assert repository.first in repository.ids()


class Terminal:
    """The program with a terminal as its standard input and standard error."""

    def __init__(self, repository, *args, env=None):
        self.end, child = pty.openpty()
        self.process = repository.program.start(
            *args, env={**repository.env, **(env or {})}, stdin=child, stderr=child, start_new_session=True
        )
        os.close(child)
        self.seen = ""

    def read(self, wait=0.1):
        if select.select([self.end], [], [], wait)[0]:
            try:
                self.seen += os.read(self.end, 65536).decode()
            except OSError:
                return False
        return True

    def expect(self, text):
        until = time.monotonic() + 30
        while text not in self.seen:
            assert self.read() and time.monotonic() < until, self.seen
        self.seen = self.seen.split(text, 1)[1]

    def type(self, text):
        os.write(self.end, text.encode())

    def finish(self):
        """Exit code and standard output."""
        until = time.monotonic() + 30
        while self.read() and self.process.poll() is None:
            assert time.monotonic() < until, self.seen
        self.read()
        out = self.process.stdout.read()
        self.process.stdout.close()
        code = self.process.wait(timeout=30)
        os.close(self.end)
        return code, out


def test_a_terminal_shows_a_line_that_is_redrawn_and_removed(repository, database):
    terminal = Terminal(repository, "backup", database.change(1).url, "--limit-read", "400K")
    terminal.expect("\rapp.db  read  ")
    terminal.expect("\033[K\rapp.db  commit  ")
    terminal.expect("\033[K\r\033[Kok app.db")
    code, out = terminal.finish()
    assert code == 0
    assert repository.ids()[0] == out.strip()


def test_a_terminal_is_asked_for_the_password_without_showing_it(repository):
    terminal = Terminal(repository, "list", "--json", env={"DBSNAP_PASSWORD": ""})
    terminal.expect("password of ")
    terminal.type("correct horse\n")
    code, out = terminal.finish()
    assert code == 0
    assert repository.first in out
    assert "horse" not in terminal.seen


def test_a_new_password_is_asked_twice(repository, folder):
    terminal = Terminal(repository, "init", folder / "new", env={"DBSNAP_PASSWORD": "", "DBSNAP_REPO": ""})
    terminal.expect("new repository password: ")
    terminal.type("one\n")
    terminal.expect("once more: ")
    terminal.type("two\n")
    code, _ = terminal.finish()
    assert code == 2
    assert "the two passwords differ" in terminal.seen
    assert not (folder / "new").exists()


def test_ctrl_c_at_a_question_ends_it(repository):
    terminal = Terminal(repository, "list", env={"DBSNAP_PASSWORD": ""})
    terminal.expect("password of ")
    terminal.process.send_signal(signal.SIGINT)
    code, _ = terminal.finish()
    assert code == 130


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("n", 2), ("", 2)])
def test_prune_asks_before_it_removes_snapshots(repository, database, answer, left):
    repository.backup(database.change(2))
    terminal = Terminal(repository, "prune", "--keep-last", "1")
    terminal.expect("remove 1 snapshot and free ")
    terminal.type(answer + "\n")
    code, _ = terminal.finish()
    assert code == (0 if answer == "y" else 2)
    assert len(repository.ids()) == left
