"""What a day costs in a repository across a network, by where the bases of deltas may come from.

python3 benchmarks/base_data.py [--scale 0.3] [--days 3] [--program build/release/bin/dbsnap] [--output FILE]

Takes a first snapshot and then one a day of the benchmarks' SQLite database, into a repository on an SFTP server of its own on
loopback, once for each choice of --base-data, with and without the local cache. Prints the objects' bytes that went either
way and what each day added to the repository, as the snapshots' own statistics say. Judges no time.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import data

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER = ROOT / "tests/harness/servers/sshd.py"
MEBI = 1024 * 1024

# Name of a row, choice of --base-data, and whether the cache is used.
ROWS = (
    ("automatic, cache", "automatic", True),
    ("automatic, no cache", "automatic", False),
    ("always, no cache", "always", False),
    ("never, no cache", "never", False),
)


@contextlib.contextmanager
def ssh_server():
    process = subprocess.Popen([sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


class Repository:
    """One row of the table: a repository, and a cache of its own."""

    def __init__(self, program, server, folder, row):
        self.name, self.choice, self.cached = row
        self.program = program
        place = os.path.join(folder, self.choice + ("-cache" if self.cached else ""))
        self.url = (
            f"sftp://{server['user']}@{server['host']}:{server['port']}{place}"
            f"?identity={server['key_ed25519']}&known_hosts={server['known_hosts']}"
        )
        self.cache = ["--cache-dir", place + ".cache"] if self.cached else ["--no-cache"]
        self.days = []

    def backup(self, database):
        command = [self.program, "backup", f"sqlite://{database}", "-r", self.url, "--json", "--quiet"]
        command += ["--base-data", self.choice, *self.cache, *([] if self.days else ["--init"])]
        environment = dict(os.environ, DBSNAP_PASSWORD="benchmark")
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        self.days.append(json.loads(done.stdout)["snapshots"][0]["stats"])


def table(repositories):
    lines = ["| choice | day | new chunks, MiB | sent, MiB | read back, MiB | stored, MiB | calls |", "|---|---|---|---|---|---|---|"]
    for repository in repositories:
        for day, stats in enumerate(repository.days):
            store = stats["store"]
            calls = sum(store[call] for call in ("puts", "gets", "stats", "lists", "removes"))
            sizes = (stats["bytes_new"], store["bytes_up"], store["bytes_down"], stats["bytes_stored"])
            row = " | ".join(f"{size / MEBI:.1f}" for size in sizes)
            lines.append(f"| {repository.name} | {day} | {row} | {calls} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.3, help="1 is a database of 990 MB")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/dbsnap"))
    parser.add_argument("--output", help="write the table to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbsnap-base-data-") as folder, ssh_server() as server:
        database = os.path.join(folder, "app.db")
        data.make_database(database, options.scale)
        repositories = [Repository(options.program, server, folder, row) for row in ROWS]
        for day in range(options.days + 1):
            if day:
                data.work_a_day(database, day, options.scale)
            for repository in repositories:
                repository.backup(database)
        text = table(repositories)
    print(text, end="")
    if options.output:
        pathlib.Path(options.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
