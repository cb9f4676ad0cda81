#!/usr/bin/env python3
"""A real PostgreSQL server on a free loopback port and a Unix socket, in a temporary folder, never run as root.

    postgres.py [--version 14…18|18-bare] [--set NAME=VALUE]… [--hba LINE]… [--ssl] [--standby-of URL] [--small-disk MEGABYTES]

prints one line of JSON when the server takes connections (url, host, port, socket, major, version, bindir, clients,
datadir, pid, log; with --ssl also ca; with --small-disk also small), and stops the server when standard input closes.
Python tests use the class. Any local user may connect as any role without a password; --hba lines come first.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import postgres_packages

NOBODY = 65534
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
TRUST = ["local all all trust", "host all all 127.0.0.1/32 trust", "local replication all trust",
         "host replication all 127.0.0.1/32 trust"]  # fmt: skip
# What a crash of the machine would do is not what these tests are about.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
}


class ServerFailed(Exception):
    """The server did not start or stop; holds the end of its log."""


class PostgresServer:
    """One server. `start()` makes its folder and runs it, `stop()` ends it and removes the folder."""

    def __init__(self, version="15", settings=None, hba=(), ssl=False, standby_of=None, small_disk=None):
        self.version, self.major = version, int(version.partition("-")[0])
        self.settings = {**SETTINGS, **(settings or {})}
        self.hba = [*hba, *TRUST]
        self.ssl, self.standby_of, self.small_disk = ssl, standby_of, small_disk
        self.bindir = postgres_packages.programs(version)
        self.clients = postgres_packages.clients(self.major)
        self.host, self.port = "127.0.0.1", None
        self.folder = self.process = None

    @property
    def datadir(self):
        return self.folder / "data"

    @property
    def socket_folder(self):
        return self.folder / "socket"

    @property
    def log(self):
        return self.folder / "log"

    @property
    def small(self):
        """Where a tablespace may be made that has only `small_disk` megabytes of room."""
        return self.folder / "small"

    @property
    def pid(self):
        return int((self.datadir / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])

    def url(self, database="postgres", user="postgres", port=None, **parameters):
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        name = urllib.parse.quote(database, safe="")
        return f"postgres://{urllib.parse.quote(user, safe='')}@{self.host}:{port or self.port}/{name}{query}"

    def start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dbsnap-postgres-"))
        try:
            self.folder.chmod(0o755)
            for folder in (self.socket_folder, self.small):
                folder.mkdir(mode=0o755)
                give_away(folder)
            self.make_cluster()
            if self.ssl:
                self.make_certificate()
            hba = "\n".join([*self.hba, ""])
            (self.datadir / "pg_hba.conf").write_text(hba, encoding="utf-8")
            self.run()
        except BaseException:
            self.stop()
            raise
        return self

    def make_cluster(self):
        if self.standby_of is None:
            template = template_cluster(self.version, self.bindir)
            subprocess.run(["cp", "-a", "--reflink=auto", template, self.datadir], check=True)
            return
        self.datadir.mkdir(mode=0o700)
        give_away(self.datadir)
        command = [self.clients / "pg_basebackup", "-d", self.standby_of, "-D", self.datadir, "-R", "-c", "fast",
                   "--no-sync"]  # fmt: skip
        run_as_owner(command)

    def make_certificate(self):
        """A certificate for 127.0.0.1 and localhost that signs itself."""
        key, certificate = self.datadir / "server.key", self.datadir / "server.crt"
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                   "-addext", names, "-keyout", key, "-out", certificate]  # fmt: skip
        run_as_owner(command)
        shutil.copy(certificate, self.folder / "ca.crt")
        self.settings.update(ssl="on", ssl_cert_file=certificate, ssl_key_file=key)

    def run(self):
        """Runs the server in its folder, on the port it had before when it had one."""
        (self.datadir / "postmaster.pid").unlink(missing_ok=True)  # a crash has left it
        for attempt in range(3):
            self.port = self.port or free_port()
            settings = {**self.settings, "port": self.port, "unix_socket_directories": self.socket_folder}
            command = [self.bindir / "postgres", "-D", self.datadir]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [*map(str, [*self.words_before(), *command])],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                    start_new_session=True,
                )
            if self.await_ready():
                return
            taken = "could not bind" in self.log.read_text(encoding="utf-8", errors="replace")
            if not taken or attempt == 2:
                raise ServerFailed(f"PostgreSQL {self.version} did not start:\n{self.end_of_log()}")
            self.port = None

    def words_before(self):
        """Words before a command that take root's rights, give it the small disk, and end it when we die."""
        words = []
        if self.small_disk:
            is_root = os.geteuid() == 0
            owner = f"uid={NOBODY},gid={NOBODY}" if is_root else "uid=0,gid=0"
            mount = f'mount -t tmpfs -o size={self.small_disk}m,mode=700,{owner} none {self.small} && exec "$@"'
            user = [] if is_root else ["--user", "--map-root-user"]
            words += ["unshare", "--mount", *user, "sh", "-c", mount, "sh"]
            if user:
                words += ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
        return [*words, *as_owner(), "setpriv", "--pdeathsig", "INT"]

    def await_ready(self):
        """Waits until the server says that it is ready; false when it has ended instead."""
        deadline = time.monotonic() + START_TIMEOUT_S
        status_file = self.datadir / "postmaster.pid"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            try:
                lines = status_file.read_text(encoding="ascii").split("\n")
            except FileNotFoundError:
                lines = []
            if len(lines) > 7 and lines[7].strip() in ("ready", "standby"):
                return True
            time.sleep(0.01)
        return False

    def end_of_log(self):
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:] if self.log.exists() else "no log"

    def halt(self, how=signal.SIGINT):
        """Stops the server and keeps its folder. SIGINT ends sessions; SIGKILL is a crash."""
        if self.process is None:
            return
        if self.process.poll() is None:
            # A killed server cannot end its children, and they are sessions of their own.
            children = list(self.children()) if how == signal.SIGKILL else []
            self.process.send_signal(how)
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, how)
            while any(map(is_running, children)):
                time.sleep(0.01)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"PostgreSQL {self.version} did not stop:\n{self.end_of_log()}") from None
        self.process = None

    def children(self):
        pid = self.process.pid
        return map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())

    def kill(self):
        """Ends every process of the server at once, as the kernel would when memory is short."""
        self.halt(signal.SIGKILL)

    def stop(self):
        try:
            self.halt()
        finally:
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder = None

    def description(self):
        found = subprocess.run([self.bindir / "postgres", "--version"], capture_output=True, text=True, check=True)
        facts = {
            "url": self.url(),
            "host": self.host,
            "port": self.port,
            "socket": str(self.socket_folder),
            "major": self.major,
            "version": found.stdout.split()[2],
            "bindir": str(self.bindir),
            "clients": str(self.clients),
            "datadir": str(self.datadir),
            "pid": self.pid,
            "log": str(self.log),
        }
        if self.ssl:
            facts["ca"] = str(self.folder / "ca.crt")
        if self.small_disk:
            facts["small"] = str(self.small)
        return facts

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def as_owner():
    """Words before a command that run it as the user who owns the server's files."""
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


def run_as_owner(command):
    done = subprocess.run(
        [*map(str, [*as_owner(), *command])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        cwd="/",
    )
    if done.returncode:
        raise ServerFailed(f"{command[0]} failed: {done.stderr}")


def is_running(pid):
    """Whether a process is there that has not ended; its parent may not have looked at its end yet."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def give_away(path):
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def template_cluster(version, bindir):
    """An empty cluster that is made once and copied for every server."""
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    template = postgres_packages.packages_folder() / f"cluster-{version}-{owner}"
    with open(f"{template}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            unfinished = pathlib.Path(f"{template}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            give_away(unfinished)
            run_as_owner([bindir / "initdb", "-D", unfinished, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                          "--locale=C.UTF-8", "--no-sync"])  # fmt: skip
            unfinished.rename(template)
    return template


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="15")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--hba", action="append", default=[], metavar="LINE")
    parser.add_argument("--ssl", action="store_true")
    parser.add_argument("--standby-of", metavar="URL")
    parser.add_argument("--small-disk", type=int, metavar="MEGABYTES")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    server = PostgresServer(
        options.version, dict(options.set), options.hba, options.ssl, options.standby_of, options.small_disk
    )
    with server:
        print(json.dumps(server.description()), flush=True)
        while os.read(sys.stdin.fileno(), 4096):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
