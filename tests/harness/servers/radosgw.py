#!/usr/bin/env python3
"""Ceph's S3 gateway on loopback: one monitor, one store in memory, one gateway, below a temporary folder.

    radosgw.py [--reclaim]    stops, and leaves nothing behind, when standard input is closed

With --reclaim the room of removed objects is used again within seconds; without, nothing runs beside the requests.
Needs the programs of the packages radosgw, ceph-mon and ceph-osd, and to be root.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import announce_and_wait, end_with_parent, free_port, stop_all, wait_until  # noqa: E402

ACCESS_KEY, SECRET_KEY = "RADOSGWKEY", "rados/secret+key"
QUOTA_KEY = "RADOSGWQUOTA"

CONFIG = """
[global]
fsid = {fsid}
mon host = 127.0.0.1:{mon_port}
mon data = {folder}/mon
mon initial members = a
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
pid file =
crash dir = {folder}
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd max object name len = 2048
mon allow pool size one = true
mon allow pool delete = true
mon max pg per osd = 1000
mon osd full ratio = 0.99
mon data avail warn = 1
mon data avail crit = 1
ms bind ipv6 = false
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{rgw_port}
rgw enable usage log = false
rgw gc processor period = {gc_period_s}
rgw gc processor max time = {gc_period_s}
rgw gc obj min wait = {gc_wait_s}
rgw lc debug interval = -1
rgw bucket quota ttl = 0
rgw thread pool size = 64
"""


class Cluster:
    def __init__(self, folder, reclaim):
        self.folder = pathlib.Path(folder)
        self.gc = {"gc_period_s": 5, "gc_wait_s": 1} if reclaim else {"gc_period_s": 3600, "gc_wait_s": 7200}
        self.mon_port, self.rgw_port = free_port(), free_port()
        self.conf = self.folder / "ceph.conf"
        self.fsid = str(uuid.uuid4())
        self.processes = []

    def run(self, *words):
        command = [str(word) for word in words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{words}: {done.stdout}")
        return done.stdout

    def start(self, program, *words):
        log = (self.folder / f"{program}.out").open("w")
        command = [program, "-c", str(self.conf), "-f", *[str(word) for word in words]]
        self.processes.append(
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=end_with_parent
            )
        )

    def make_keys(self):
        rights = {
            "mon.": ["mon", "allow *"],
            "client.admin": ["mon", "allow *", "osd", "allow *", "mgr", "allow *"],
            "client.rgw": ["mon", "allow rw", "osd", "allow rwx"],
            "osd.0": ["mon", "allow profile osd", "osd", "allow *"],
        }
        ring = self.folder / "keyring"
        for number, (name, caps) in enumerate(rights.items()):
            pairs = [word for pair in zip(caps[::2], caps[1::2]) for word in ("--cap", *pair)]
            create = ["--create-keyring"] if number == 0 else []
            self.run("ceph-authtool", ring, *create, "--gen-key", "-n", name, *pairs)
        return ring

    def bring_up(self):
        self.conf.write_text(
            CONFIG.format(
                fsid=self.fsid, folder=self.folder, mon_port=self.mon_port, rgw_port=self.rgw_port, **self.gc
            )
        )
        for name in ("mon", "osd"):
            (self.folder / name).mkdir()
        ring, conf = self.make_keys(), ["-c", self.conf]
        monmap = self.folder / "monmap"
        address = f"[v1:127.0.0.1:{self.mon_port}]"
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", address, monmap)
        self.run("ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", ring)
        self.start("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        wait_until(lambda: self.monitor_answers(), "ceph-mon")
        self.run("ceph", *conf, "--connect-timeout", "30", "osd", "new", osd, "0")
        self.run("ceph-osd", *conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.start("ceph-osd", "-i", "0")
        self.start("radosgw", "-n", "client.rgw")
        wait_until(self.gateway_answers, "radosgw")
        for name, key in (("t", ACCESS_KEY), ("q", QUOTA_KEY)):
            keys = [f"--access-key={key}", f"--secret-key={SECRET_KEY}"]
            self.admin("user", "create", f"--uid={name}", "--display-name=t", *keys)
        self.admin("quota", "set", "--quota-scope=bucket", "--uid=q", "--max-size=8M")
        self.admin("quota", "enable", "--quota-scope=bucket", "--uid=q")

    def monitor_answers(self):
        done = subprocess.run(
            ["ceph", "-c", str(self.conf), "--connect-timeout", "5", "mon", "stat"], capture_output=True, check=False
        )
        return done.returncode == 0

    def admin(self, *words):
        return self.run("radosgw-admin", "-c", self.conf, "-n", "client.rgw", *words)

    def gateway_answers(self):
        if any(process.poll() is not None for process in self.processes):
            raise SystemExit("a server ended:\n" + "".join(log.read_text() for log in self.folder.glob("*.out")))
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.rgw_port}/", timeout=2)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def main():
    folder = tempfile.mkdtemp(prefix="dbsnap-radosgw-")
    cluster = Cluster(folder, "--reclaim" in sys.argv[1:])
    try:
        cluster.bring_up()
        announce_and_wait(
            endpoint=f"http://127.0.0.1:{cluster.rgw_port}",
            port=cluster.rgw_port,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            quota_access_key=QUOTA_KEY,
        )
    finally:
        stop_all(cluster.processes)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
