#!/usr/bin/env python3
"""An OpenSSH server for tests: unprivileged, on a free loopback port, with fresh host and user keys.

It prints one line of JSON that says where it listens and where the keys are, and stops, with everything that it
started, when its standard input is closed.
"""

import argparse
import getpass
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

KEY_TYPES = {"ed25519": [], "ecdsa": ["-b", "256"], "rsa": ["-b", "2048"]}
PASSPHRASE = "open sesame"
START_SECONDS = 30


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--option", action="append", default=[], help="a further line of sshd_config")
    parser.add_argument("--sftp", default="internal-sftp", help="what answers SFTP; empty: nothing does")
    return parser.parse_args()


def make_key(path, kind, passphrase=""):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *KEY_TYPES[kind], "-N", passphrase, "-C", "test", "-f", str(path)], check=True
    )
    return str(path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_keys(folder):
    host = {kind: make_key(folder / f"host_{kind}", kind) for kind in KEY_TYPES}
    user = {kind: make_key(folder / f"user_{kind}", kind) for kind in KEY_TYPES}
    user["locked"] = make_key(folder / "user_locked", "ed25519", PASSPHRASE)
    (folder / "authorized_keys").write_text("".join(pathlib.Path(f"{key}.pub").read_text() for key in user.values()))
    user["stranger"] = make_key(folder / "user_stranger", "ed25519")
    return host, user


def write_known_hosts(folder, host_keys, port):
    def line(key):
        return f"[127.0.0.1]:{port} " + " ".join(pathlib.Path(f"{key}.pub").read_text().split()[:2]) + "\n"

    (folder / "known_hosts").write_text("".join(line(key) for key in host_keys.values()))
    # The same host with another key of the same type: what a changed host key looks like.
    (folder / "changed_hosts").write_text(line(folder / "user_stranger"))
    (folder / "no_hosts").write_text("")


def write_config(folder, host_keys, port, args):
    lines = [
        "ListenAddress 127.0.0.1",
        f"Port {port}",
        *(f"HostKey {key}" for key in host_keys.values()),
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "PasswordAuthentication yes",
        "MaxStartups 100",
        "PrintMotd no",
        "UseDNS no",
        "LogLevel VERBOSE",
        *([f"Subsystem sftp {args.sftp}"] if args.sftp else []),
        *args.option,
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")


def wait_until_it_listens(server, port, log):
    end = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("sshd does not listen:\n" + log.read_text())


def descendants(pid):
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    found = []
    for child in map(int, children):
        found += [*descendants(child), child]
    return found


def stop(server):
    for pid in [*descendants(server.pid), server.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    server.wait()


def main():
    args = arguments()
    program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        sys.exit("there is no sshd; install openssh-server")
    if os.geteuid() == 0:
        # Where sshd confines what it runs before the login; it refuses to start as root without it.
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dbsnap-sshd-"))
    # sshd reads the authorized keys as the user who logs in, who may be another one.
    folder.chmod(0o711)
    try:
        host_keys, user_keys = make_keys(folder)
        port = free_port()
        write_known_hosts(folder, host_keys, port)
        write_config(folder, host_keys, port, args)
        log = folder / "log"
        server = subprocess.Popen(
            [program, "-D", "-f", str(folder / "sshd_config"), "-E", str(log)], stdin=subprocess.DEVNULL
        )
        try:
            wait_until_it_listens(server, port, log)
            facts = {
                "host": "127.0.0.1",
                "port": port,
                "user": getpass.getuser(),
                "pid": server.pid,
                "folder": str(folder),
                **{f"key_{kind}": key for kind, key in user_keys.items()},
                "passphrase": PASSPHRASE,
                "known_hosts": str(folder / "known_hosts"),
                "changed_hosts": str(folder / "changed_hosts"),
                "no_hosts": str(folder / "no_hosts"),
                "log": str(log),
            }
            print(json.dumps(facts), flush=True)
            sys.stdin.read()
        finally:
            stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
