#!/usr/bin/env python3
"""OpenStack Swift with its S3 interface on loopback: the store that refuses create-if-absent with 501.

    swift_s3.py        stops, and leaves nothing behind, when standard input is closed

Needs the packages swift-proxy, swift-account, swift-container and swift-object, root, and a file system with extended
attributes below TMPDIR.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import announce_and_wait, end_with_parent, free_port, stop_all, wait_until  # noqa: E402

# Debian's packages are for Debian's own interpreter, whichever one runs the tests.
DEBIAN_PYTHON = "/usr/bin/python3"
STORAGE_SERVERS = ("account", "container", "object")
ACCESS_KEY, SECRET_KEY = "test:tester", "swift/secret+key"

COMMON = """
[swift-hash]
swift_hash_path_suffix = suffix
swift_hash_path_prefix = prefix
[storage-policy:0]
name = only
default = yes
[swift-constraints]
max_file_size = 5368709122
"""

PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
user = root
workers = 0
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy slo dlo versioned_writes
  symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
max_upload_part_num = 10000
check_bucket_owner = false
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""

STORAGE = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/node
mount_check = false
user = root
workers = 0
log_level = ERROR
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


def serve(folder, name):
    """Runs one of the servers in this process, with every file of Swift's in `folder` instead of /etc/swift."""
    from swift.common import utils

    utils.set_swift_dir(folder)
    from swift.common.wsgi import run_wsgi

    sys.exit(run_wsgi(f"{folder}/{name}-server.conf", f"{name}-server"))


def make_rings(folder, *ports):
    """The maps that say where everything is: on one device, once."""
    from swift.common.ring import RingBuilder

    for name, port in zip(STORAGE_SERVERS, ports):
        place = {"ip": "127.0.0.1", "port": int(port), "device": "sda", "region": 1, "zone": 1, "weight": 1.0}
        builder = RingBuilder(4, 1, 1)
        builder.add_dev(place)
        builder.rebalance()
        builder.get_ring().save(f"{folder}/{name}.ring.gz")


class Servers:
    def __init__(self, folder):
        self.folder, self.processes = pathlib.Path(folder), []
        self.ports = {name: free_port() for name in ("proxy", "account", "container", "object")}

    def configure(self):
        (self.folder / "swift.conf").write_text(COMMON)
        (self.folder / "node" / "sda").mkdir(parents=True)
        for name, port in self.ports.items():
            text = PROXY if name == "proxy" else STORAGE
            values = {"port": port, "folder": self.folder, "kind": name, "secret": SECRET_KEY}
            (self.folder / f"{name}-server.conf").write_text(text.format(**values))
        ports = [str(self.ports[name]) for name in STORAGE_SERVERS]
        subprocess.run([DEBIAN_PYTHON, __file__, "--rings", str(self.folder), *ports], check=True)

    def start(self):
        for name in ("account", "container", "object", "proxy"):
            log = (self.folder / f"{name}.out").open("w")
            self.processes.append(
                subprocess.Popen(
                    [DEBIAN_PYTHON, __file__, "--serve", str(self.folder), name],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=end_with_parent,
                )  # fmt: skip
            )
        wait_until(lambda: all(self.answers(port) for port in self.ports.values()), "swift")

    def answers(self, port):
        if any(process.poll() is not None for process in self.processes):
            raise SystemExit("a server ended:\n" + "".join(log.read_text() for log in self.folder.glob("*.out")))
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=2)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def main():
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    if sys.argv[1:2] == ["--rings"]:
        make_rings(*sys.argv[2:])
        return
    folder = tempfile.mkdtemp(prefix="dbsnap-swift-")
    servers = Servers(folder)
    try:
        servers.configure()
        servers.start()
        port = servers.ports["proxy"]
        announce_and_wait(
            endpoint=f"http://127.0.0.1:{port}", port=port, access_key=ACCESS_KEY, secret_key=SECRET_KEY
        )
    finally:
        stop_all(servers.processes)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
