#!/usr/bin/env python3
"""S3: throughput beside rclone on the same server, and the requests that a snapshot costs.

    python3 benchmarks/remote.py [--megabytes 256] [--rounds 3] [--threads 8] [--build FOLDER]

Starts Ceph's radosgw on loopback, with its data in memory, and lets both tools take turns: the same files of 16 MiB up
and down again; then a database of fresh bytes as dbsnap backs it up and rclone copies it. The requests are counted by
the tests' own S3 store. Prints ratios of rclone's time to dbsnap's: above 1, dbsnap is faster.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tests/integration")]
import measure  # noqa: E402
import servers  # noqa: E402

BUCKET = "benchmark"
FILE_BYTES = 16 << 20


class Bench:
    def __init__(self, options, folder, told):
        self.options, self.folder, self.told = options, folder, told
        self.build = (options.build or ROOT / "build/release").resolve() / "bin"
        self.log = (folder / "log.txt").open("w")
        self.endpoint = told["endpoint"]
        self.environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": told["access_key"],
            "AWS_SECRET_ACCESS_KEY": told["secret_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "DBSNAP_PASSWORD": "benchmark",
            # The server speaks plain http; with a bundle of its own authorities set, rclone 1.60 refuses to start.
            "AWS_CA_BUNDLE": "",
            "RCLONE_CONFIG": str(folder / "rclone.conf"),
            "RCLONE_CONFIG_STORE_TYPE": "s3",
            "RCLONE_CONFIG_STORE_PROVIDER": "Ceph",
            "RCLONE_CONFIG_STORE_ENDPOINT": self.endpoint,
            "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": told["access_key"],
            "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": told["secret_key"],
        }

    def run(self, *command):
        return measure.run([str(word) for word in command], str(self.folder), self.environment, self.log)

    def url(self, place):
        return f"s3://{BUCKET}/{place}?endpoint={self.endpoint}&allow_http=1&parallel={self.options.threads}"

    def rclone(self, *words):
        return self.run("rclone", *words, "--transfers", self.options.threads, "--retries", "1", "--ignore-times")

    def transfer(self, verb, place, folder):
        return self.run(self.build / "store-transfer", verb, self.url(place), folder, self.options.threads)


def fresh_files(folder, megabytes):
    folder.mkdir()
    for number in range(megabytes * (1 << 20) // FILE_BYTES):
        (folder / f"{number}").write_bytes(random.randbytes(FILE_BYTES))


def fresh_database(path, megabytes):
    """A database that no compression makes smaller."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)")
    with database:
        rows = ((random.randbytes(3000),) for _ in range(megabytes * 340))
        database.executemany("INSERT INTO t (bytes) VALUES (?)", rows)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def same_files(one, other):
    subprocess.run(["diff", "-r", str(one), str(other)], check=True)


def report(what, ours, theirs, megabytes):
    mine, peer = (statistics.median(run.seconds for run in runs) for runs in (ours, theirs))
    cpu = [statistics.median(run.cpu_seconds for run in runs) for runs in (ours, theirs)]
    peak = [max(run.rss_bytes for run in runs) >> 20 for runs in (ours, theirs)]
    print(
        f"{what:27} dbsnap {megabytes / mine:6.0f} MB/s   rclone {megabytes / peer:6.0f} MB/s   ratio {peer / mine:5.2f}"
        f"   (CPU {cpu[0]:.2f} s and {cpu[1]:.2f} s, peak {peak[0]} MiB and {peak[1]} MiB)",
        flush=True,
    )


def compare_files(bench):
    source, megabytes = bench.folder / "files", bench.options.megabytes
    fresh_files(source, megabytes)
    up, down = ([], []), ([], [])
    for number in range(bench.options.rounds):
        up[0].append(bench.transfer("put", f"ours-{number}", source))
        up[1].append(bench.rclone("copy", source, f"store:{BUCKET}/theirs-{number}/packs"))
        for tool, verb in ((0, "ours"), (1, "theirs")):
            target = bench.folder / f"{verb}-down"
            target.mkdir()
            if tool == 0:
                down[0].append(bench.transfer("get", f"ours-{number}", target))
            else:
                down[1].append(bench.rclone("copy", f"store:{BUCKET}/theirs-{number}/packs", target))
            same_files(source, target)
            shutil.rmtree(target)
            bench.rclone("purge", f"store:{BUCKET}/{verb}-{number}")
    report("upload, files of 16 MiB", *up, megabytes)
    report("download, files of 16 MiB", *down, megabytes)


def compare_database(bench):
    source, dbsnap = bench.folder / "app.db", bench.build / "dbsnap"
    fresh_database(source, bench.options.megabytes)
    megabytes = source.stat().st_size / (1 << 20)
    up, down = ([], []), ([], [])
    for number in range(bench.options.rounds):
        repository = bench.url(f"repository-{number}")
        bench.run(dbsnap, "init", repository)
        up[0].append(bench.run(dbsnap, "backup", f"sqlite://{source}", "-r", repository))
        up[1].append(bench.rclone("copyto", source, f"store:{BUCKET}/copy-{number}"))
        restored, copied = bench.folder / "restored.db", bench.folder / "copied.db"
        down[0].append(bench.run(dbsnap, "restore", "latest", "--to", f"sqlite://{restored}", "-r", repository))
        down[1].append(bench.run("sh", "-c", f"rclone copyto store:{BUCKET}/copy-{number} {copied} && sync {copied}"))
        subprocess.run(["cmp", str(source), str(restored)], check=True)
        restored.unlink(), copied.unlink()
        bench.rclone("purge", f"store:{BUCKET}/repository-{number}")
        bench.rclone("deletefile", f"store:{BUCKET}/copy-{number}")
    report("backup, encrypted", *up, megabytes)
    report("restore, durable", *down, megabytes)


def count_requests(options, folder):
    with servers.running("s3_server.py") as told:
        bench = Bench(options, folder, told)
        repository = bench.url("counted").replace(BUCKET, told["bucket"])
        dbsnap, source = bench.build / "dbsnap", folder / "small.db"
        fresh_database(source, 20)

        def counted(what, *words):
            urllib.request.urlopen(urllib.request.Request(f"{bench.endpoint}/-/reset", method="PUT", data=b"{}"))
            bench.run(dbsnap, *words, "-r", repository)
            kinds = json.load(urllib.request.urlopen(f"{bench.endpoint}/-/state"))["kinds"]
            print(f"requests of {what:22} {sum(kinds.values()):4}   {kinds}", flush=True)

        counted("init", "init")
        counted("the first snapshot", "backup", f"sqlite://{source}")
        database = sqlite3.connect(source)
        with database:
            database.execute("UPDATE t SET bytes = randomblob(3000) WHERE id % 97 = 0")
        database.close()
        counted("the next one", "backup", f"sqlite://{source}")
        counted("list", "list")
        counted("restore", "restore", "latest", "--to", f"sqlite://{folder}/counted.db")
        counted("prune", "prune", "--yes", "--keep-last", "1")


def build_release():
    configure = ["cmake", "--preset", "release", "-DDBSNAP_BUILD_BENCHMARKS=ON"]
    build = ["cmake", "--build", "--preset", "release", "--target", "dbsnap_program", "store-transfer"]
    for command in (configure, build):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--build", type=pathlib.Path, help="a build with the benchmark helpers; else one is made")
    options = parser.parse_args()
    if not options.build:
        build_release()
    with tempfile.TemporaryDirectory(prefix="dbsnap-remote-") as name, servers.running("radosgw.py", "--reclaim") as told:
        folder = pathlib.Path(name)
        bench = Bench(options, folder, told)
        bench.rclone("mkdir", f"store:{BUCKET}")
        compare_files(bench)
        compare_database(bench)
        count_requests(options, folder)


if __name__ == "__main__":
    main()
