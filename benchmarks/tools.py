"""The tools that are compared, each behind the same few verbs. Every repository is local."""

import os
import shutil

import measure


class Tool:
    """A tool with a place of its own for what it stores."""

    name = ""
    # More than a command uses, what the kernel keeps of its files included.
    claim_bytes = 3 << 30

    def __init__(self, folder, log):
        self.store = os.path.join(folder, self.name)
        self.folder = folder
        self.log = log
        os.makedirs(folder, exist_ok=True)
        self.environment = dict(os.environ, **self.variables())

    def variables(self):
        return {}

    def do(self, *command, cwd=None):
        return measure.run(list(command), cwd or self.folder, self.environment, self.log, self.claim_bytes)

    def clear(self):
        shutil.rmtree(self.store, ignore_errors=True)

    def stored_bytes(self):
        return measure.stored_bytes(self.store)

    def create(self):
        """Makes an empty repository; not timed."""
        raise NotImplementedError

    def backup(self, source):
        """Stores the database file; returns the Run."""
        raise NotImplementedError

    def restore(self, source, target):
        """Writes what was stored last to the path `target` and makes it durable; returns the Run."""
        raise NotImplementedError


class Dbsnap(Tool):
    name = "dbsnap"

    def __init__(self, folder, log, program, threads=0, name="dbsnap", encrypted=True):
        self.name = name
        self.program = program
        self.encrypted = encrypted
        self.threads = ["--threads", str(threads)] if threads else []
        super().__init__(folder, log)

    def variables(self):
        return {"DBSNAP_REPO": self.store, **({"DBSNAP_PASSWORD": "benchmark"} if self.encrypted else {})}

    def create(self):
        self.clear()
        self.do(self.program, "init", self.store, *([] if self.encrypted else ["--no-encryption"]))

    def backup(self, source):
        return self.do(self.program, "backup", f"sqlite://{source}", *self.threads)

    def restore(self, source, target):
        return self.do(self.program, "restore", "latest", "--to", f"sqlite://{target}")

    def verify(self, level):
        return self.do(self.program, "verify", "--level", level)


class Restic(Tool):
    name = "restic"

    def variables(self):
        return {
            "RESTIC_REPOSITORY": self.store,
            "RESTIC_PASSWORD": "benchmark",
            "RESTIC_CACHE_DIR": os.path.join(self.folder, "restic-cache"),
        }

    def create(self):
        self.clear()
        shutil.rmtree(os.path.join(self.folder, "restic-cache"), ignore_errors=True)
        self.do("restic", "-q", "init", "--repository-version", "2")

    def backup(self, source):
        return self.do("restic", "-q", "backup", source)

    def restore(self, source, target):
        place = target + ".restic"
        run = self.do("sh", "-c", f"restic -q restore latest --target '{place}' && sync '{place}{source}'")
        os.replace(place + source, target)
        shutil.rmtree(place)
        return run


class Borg(Tool):
    name = "borg"

    def __init__(self, folder, log):
        self.archives = 0
        super().__init__(folder, log)

    def variables(self):
        return {
            "BORG_REPO": self.store,
            "BORG_PASSPHRASE": "benchmark",
            "BORG_BASE_DIR": os.path.join(self.folder, "borg-base"),
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def create(self):
        self.clear()
        shutil.rmtree(os.path.join(self.folder, "borg-base"), ignore_errors=True)
        self.archives = 0
        self.do("borg", "init", "--encryption", "repokey")

    def backup(self, source):
        self.archives += 1
        return self.do("borg", "create", "--compression", "zstd,3", f"::day{self.archives}", source)

    def restore(self, source, target):
        place = target + ".borg"
        os.makedirs(place)
        path = source.lstrip("/")
        run = self.do("sh", "-c", f"borg extract ::day{self.archives} && sync '{path}'", cwd=place)
        os.replace(os.path.join(place, path), target)
        shutil.rmtree(place)
        return run


class Zstd(Tool):
    """One compressed copy of the bare file: no snapshot, no check, no encryption."""

    name = "zstd"

    def create(self):
        self.clear()
        os.makedirs(self.store)

    def packed(self):
        return os.path.join(self.store, "copy.zst")

    def backup(self, source):
        return self.do("zstd", "-q", "-f", "-3", "-T2", source, "-o", self.packed())

    def restore(self, source, target):
        return self.do("sh", "-c", f"zstd -q -f -d '{self.packed()}' -o '{target}' && sync '{target}'")


class SyncedZstd(Zstd):
    """The same, but durable when it returns, as every repository is."""

    name = "zstd+fsync"

    def backup(self, source):
        packed = self.packed()
        return self.do("sh", "-c", f"zstd -q -f -3 -T2 '{source}' -o '{packed}' && sync '{packed}'")


class SqliteBackup(Tool):
    """SQLite's own online backup: a plain copy."""

    name = "sqlite3 .backup"

    def create(self):
        self.clear()
        os.makedirs(self.store)

    def backup(self, source):
        return self.do("sqlite3", source, f".backup '{os.path.join(self.store, 'copy.db')}'")


class SqliteBackupZstd(SqliteBackup):
    """What people script today: an online copy, then compression."""

    name = ".backup, zstd -3"

    def backup(self, source):
        copy = os.path.join(self.store, "copy.db")
        script = f"sqlite3 '{source}' \".backup '{copy}'\" && zstd -q -f -3 -T2 --rm '{copy}' -o '{copy}.zst'"
        return self.do("sh", "-c", script)
