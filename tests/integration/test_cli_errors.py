"""Bad input and bad luck: a clear error with its exit code, nothing lost, nothing half-written."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest
from conftest import NOBODY, Database, RepositoryFolder, content_of

CODES = {
    "internal": 1, "invalid-argument": 2, "source-unreachable": 4, "storage-unreachable": 5, "no-space": 6,
    "access-refused": 7, "no-repository": 10, "locked": 11, "wrong-key": 12, "damaged": 20, "drill-failed": 21,
    "too-old": 22, "target-not-empty": 23, "incompatible-version": 24, "point-in-time-unreachable": 25,
    "drill-not-run": 26, "not-found": 1, "already-exists": 1, "not-a-database": 2, "unsupported": 2, "io": 1,
    "deadline-exceeded": 1, "stopped-by-callback": 1, "target-busy": 23, "cancelled": 130,
}  # fmt: skip


def state_of(folder):
    """Every file of a folder with its content."""
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_document_on_errors_has_a_section_with_the_exit_code_of_every_error():
    docs = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "errors.md")
    with open(docs, encoding="utf-8") as file:
        text = file.read()
    for name, code in CODES.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert f"Exit code {code}" in section, name


# --- the source


def test_a_file_that_is_not_there(repository, folder):
    result = repository.fails(4, "source-unreachable", "backup", f"sqlite://{folder}/missing.db")
    assert str(folder / "missing.db") in result.err
    assert not (folder / "missing.db").exists()
    assert repository.ids() == [repository.first]


def test_a_file_that_is_not_a_database(repository, folder):
    (folder / "text.db").write_text("dear diary, " * 1000)
    result = repository.fails(2, "not-a-database", "backup", f"sqlite://{folder}/text.db")
    assert str(folder / "text.db") in result.err
    assert repository.ids() == [repository.first]


def test_an_encrypted_database_looks_like_none(repository, folder):
    (folder / "cipher.db").write_bytes(os.urandom(64 * 1024))
    repository.fails(2, "not-a-database", "backup", f"sqlite://{folder}/cipher.db")
    assert repository.ids() == [repository.first]


def test_a_truncated_database(repository, folder):
    whole = Database(folder / "whole.db", journal="delete")
    content = whole.path.read_bytes()
    (folder / "cut.db").write_bytes(content[: len(content) // 2])
    result = repository.run("backup", f"sqlite://{folder}/cut.db")
    assert result.code in (CODES["not-a-database"], CODES["damaged"]), result
    assert result.err.count("error[") == 1
    assert repository.ids() == [repository.first]


def test_a_folder_instead_of_a_database(repository, folder):
    (folder / "folder.db").mkdir()
    result = repository.run("backup", f"sqlite://{folder}/folder.db")
    assert result.code in (CODES["not-a-database"], CODES["source-unreachable"], CODES["invalid-argument"]), result
    assert repository.ids() == [repository.first]


def test_a_database_that_may_not_be_read(repository, database, unprivileged):
    database.path.chmod(0o600)
    shutil.chown(repository.path, NOBODY) if unprivileged else database.path.chmod(0)
    for path in [repository.path, *repository.path.rglob("*")]:
        os.chown(path, NOBODY, NOBODY) if unprivileged else None
    result = repository.fails(7, "access-refused", "backup", database.url, wrap=unprivileged)
    assert str(database.path) in result.err
    assert repository.ids() == [repository.first]


def test_an_unknown_kind_of_source(repository):
    result = repository.fails(2, "invalid-argument", "backup", "mongodb://db/app")
    assert "sqlite:" in result.err


def test_a_plain_path_as_source_shows_the_url_to_write(repository, database):
    result = repository.fails(2, "invalid-argument", "backup", database.path)
    assert database.url in result.err


def test_a_source_inside_the_repository_folder(repository):
    inside = Database(repository.path / "app.db", rows=10)
    result = repository.fails(2, "invalid-argument", "backup", inside.url)
    assert "inside the repository" in result.err
    assert repository.ids() == [repository.first]


def test_a_source_that_a_link_leads_into_the_repository_folder(repository, folder):
    Database(repository.path / "app.db", rows=10)
    (folder / "link.db").symlink_to(repository.path / "app.db")
    repository.fails(2, "invalid-argument", "backup", f"sqlite://{folder}/link.db")


@pytest.mark.parametrize("verb", ["restore", "export"])
def test_a_target_inside_the_repository_folder(repository, verb):
    target = repository.path / "app.db"
    arguments = ["--to", target] if verb == "restore" else [target]
    repository.fails(2, "invalid-argument", verb, "latest", *arguments)
    assert not target.exists()


def test_no_repository_is_made_for_a_source_that_cannot_be_read(program, folder):
    program.fails(
        4, "source-unreachable", "backup", f"sqlite://{folder}/missing.db", "-r", folder / "r", "--init",
        "--no-encryption",
    )  # fmt: skip
    assert not (folder / "r").exists()


def test_a_file_to_import_that_is_no_database_or_not_there(repository, folder):
    (folder / "text.sqlite").write_text("dear diary, " * 1000)
    repository.fails(2, "not-a-database", "import", folder / "text.sqlite")
    repository.fails(4, "source-unreachable", "import", folder / "missing.sqlite")
    assert repository.ids() == [repository.first]


# --- the repository


def test_no_repository_at_a_place(program, folder, database):
    for arguments in (["list"], ["backup", database.url], ["restore", "latest", "--to", folder / "x.db"]):
        result = program.fails(10, "no-repository", *arguments, "-r", folder / "nothing")
        assert re.search(rf"  try: dbsnap init \S*{folder}/nothing", result.err)
    assert not (folder / "nothing").exists()


def test_init_leaves_an_existing_repository_alone(repository):
    before = state_of(repository.path)
    repository.fails(1, "already-exists", "init")
    assert state_of(repository.path) == before


def test_init_without_a_password_needs_a_decision(program, folder):
    result = program.fails(2, "invalid-argument", "init", folder / "r")
    assert "--no-encryption" in result.err
    assert not (folder / "r").exists()


def test_two_processes_that_make_the_same_repository(program, folder, database):
    env = {"DBSNAP_PASSWORD": "pw"}
    for attempt in range(5):
        place = folder / f"r{attempt}"
        processes = [program.start("init", place, env=env) for _ in range(2)]
        results = [process.communicate() for process in processes]
        assert sorted(process.returncode for process in processes) == [0, 1], results
        assert sum("error[already-exists]" in err for _, err in results) == 1
        program.ok("backup", database.url, "-r", place, env=env)


def test_two_first_backups_with_init_both_succeed(program, folder, database):
    second = Database(folder / "second.db", rows=10)
    env = {"DBSNAP_PASSWORD": "pw"}
    processes = [
        program.start("backup", source.url, "-r", folder / "r", "--init", env=env) for source in (database, second)
    ]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert len(program.ok("list", "--json", "-r", folder / "r", env=env).document) == 2


def test_a_wrong_password(repository):
    result = repository.fails(12, "wrong-key", "list", env={"DBSNAP_PASSWORD": "battery staple"})
    assert "battery" not in result.err


def test_no_password_for_an_encrypted_repository(repository):
    result = repository.program.fails(12, "wrong-key", "list", "-r", repository.path)
    assert "DBSNAP_PASSWORD_FILE" in result.err


def test_two_passwords_at_once_are_refused(repository):
    repository.fails(2, "invalid-argument", "list", env={"DBSNAP_PASSWORD_COMMAND": "echo other"})


def test_a_repository_of_a_newer_format(repository, database):
    config = repository.path / "dbsnap.json"
    document = json.loads(config.read_text())
    document["format"] = 99
    config.chmod(0o600)
    config.write_text(json.dumps(document))
    before = state_of(repository.path)
    for arguments in (["list"], ["backup", database.url], ["prune", "--keep-last", "1", "--yes"], ["verify"]):
        result = repository.fails(24, "incompatible-version", *arguments)
        assert "99" in result.err
    assert state_of(repository.path) == before


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.chmod(0o600)
    file.write_bytes(content)


def test_a_damaged_pack_is_found_and_named(repository, folder):
    pack = repository.objects("packs")[0]
    flip_a_bit(pack)
    key = str(pack.relative_to(repository.path))
    result = repository.fails(20, "damaged", "restore", "latest", "--to", folder / "x.db")
    assert key in result.err
    assert not (folder / "x.db").exists()
    verify = repository.fails(20, "damaged", "verify")
    assert key in verify.err
    assert repository.first in verify.err
    report = repository.run("verify", "--json").document
    assert report["ok"] is False
    assert {(damage["snapshot"], damage["object"]) for damage in report["damage"]} == {(repository.first, key)}


def test_a_backup_over_damage_warns_and_stores_the_data_anew(repository, database, folder):
    flip_a_bit(repository.objects("packs")[0])
    connection = database.connect()
    with connection:
        connection.execute("UPDATE account SET owner = randomblob(200)")
    connection.close()
    result = repository.run("backup", database.url)
    assert result.code == 3, result
    assert "warning: app.db: " in result.err
    assert repository.restored(result.out.strip(), folder / "x.db") == database.content()


def test_repair_rebuilds_what_it_can_and_says_what_is_lost(repository, database, folder):
    repository.ok("verify", "--repair")
    twin = repository.ok("backup", database.url, "--name", "twin").out.strip()
    before = database.content()
    (pack,) = [file for file in repository.objects("packs") if file.name.startswith(repository.first)]
    pack.unlink()
    kept = state_of(repository.path)
    planned = repository.ok("verify", "--repair", "--dry-run", "--json").document
    assert planned["verify"]["ok"] is False
    assert planned["repair"]["ok"] is True
    assert planned["repair"]["damaged"][0]["rebuilt_as"] is None
    done = repository.ok("verify", "--repair", "--json").document["repair"]["damaged"][0]
    assert done["snapshot"] == repository.first
    assert repository.restored(done["rebuilt_as"], folder / "x.db") == before
    assert all((repository.path / file).read_bytes() == content for file, content in kept.items())
    for file in repository.objects("packs"):
        if file.name.startswith(twin):
            file.unlink()
    result = repository.fails(20, "damaged", "verify", "--repair")
    assert "lost: snapshot " + twin in result.err


def test_dry_run_of_verify_needs_repair(repository):
    repository.fails(2, "invalid-argument", "verify", "--dry-run")


def test_a_missing_pack_is_found_at_every_level(repository):
    repository.objects("packs")[0].unlink()
    for level in ("listing", "tables", "packs", "frames", "data"):
        repository.fails(20, "damaged", "verify", "--level", level)


def test_keyless_verify_finds_a_damaged_pack_without_the_password(repository):
    pack = repository.objects("packs")[0]
    flip_a_bit(pack)
    result = repository.program.fails(20, "damaged", "verify", "--keyless", "-r", repository.path)
    assert str(pack.relative_to(repository.path)) in result.err


def test_a_part_of_a_repository_needs_a_level_that_reads_packs(repository):
    for level in ("listing", "tables", "data"):
        repository.fails(2, "invalid-argument", "verify", "--level", level, "--percent", "10")
        repository.fails(2, "invalid-argument", "verify", "--level", level, "--max-age", "30d")
    repository.fails(2, "invalid-argument", "verify", "--max-age", "soon")
    for arguments in (["--percent", "0"], ["--percent", "101"], ["--keyless", "--level", "packs"], ["--keyless", "latest"]):
        assert repository.run("verify", *arguments).code == 2


def test_a_damaged_manifest_is_named_and_other_snapshots_stay_usable(repository, database, folder):
    before = database.content()
    repository.backup(database.change(1), "--name", "other")
    damaged = [file for file in repository.objects("snapshots") if repository.first in file.name]
    flip_a_bit(damaged[0])
    result = repository.fails(20, "damaged", "verify")
    assert repository.first in result.err
    assert repository.restored(repository.ok("list", "--source", "other", "--json").document[0]["id"],
                               folder / "x.db") != before  # fmt: skip


def test_an_unknown_snapshot(repository, folder):
    for arguments in (["show", "abcdef12"], ["forget", "abcdef12"], ["restore", "abcdef12", "--to", folder / "x.db"]):
        result = repository.run(*arguments)
        if repository.first.startswith("abcdef12"):
            pytest.fail("one in four billion")
        assert result.code == 1, result
        assert "error[not-found]" in result.err
    assert repository.ids() == [repository.first]


def test_latest_of_several_sources_is_not_guessed(repository, folder):
    repository.backup(Database(folder / "shop.db", rows=10))
    result = repository.fails(2, "invalid-argument", "restore", "latest", "--to", folder / "x.db")
    assert "--source" in result.err
    repository.ok("restore", "latest", "--source", "shop.db", "--to", folder / "x.db")


def test_a_repository_that_may_not_be_written(repository, database, unprivileged):
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(repository.path)], check=True)
    database.path.chmod(0o644)
    result = repository.fails(7, "access-refused", "backup", "--threads", "1", database.url, wrap=unprivileged)
    assert str(repository.path) in result.err


# --- the target


def test_a_target_that_exists(repository, folder):
    (folder / "x.db").write_text("precious")
    repository.fails(23, "target-not-empty", "restore", "latest", "--to", folder / "x.db")
    assert (folder / "x.db").read_text() == "precious"


def test_a_target_in_use_is_refused_even_with_overwrite(repository, folder):
    target = Database(folder / "old.db", rows=10)
    before = target.content()
    connection = target.connect()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE account SET balance = 1")
    result = repository.fails(23, "target-busy", "restore", "latest", "--to", target.path, "--overwrite")
    assert str(target.path) in result.err
    connection.rollback()
    connection.close()
    assert target.content() == before


def test_a_target_in_a_folder_that_is_not_there(repository, folder):
    result = repository.run("restore", "latest", "--to", folder / "no" / "such" / "x.db")
    assert result.code != 0
    assert "error[" in result.err
    assert not (folder / "no").exists()


def test_a_target_that_may_not_be_written(repository, folder, unprivileged):
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    subprocess.run(["chmod", "-R", "a+rX", str(repository.path)], check=True)
    repository.fails(7, "access-refused", "restore", "latest", "--to", closed / "x.db", wrap=unprivileged)
    assert list(closed.iterdir()) == []


# --- no space


def limited_to(size_bytes):
    """A file of more than `size_bytes` cannot be written: the write fails like one on a full disk."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return limit


@pytest.fixture
def small_disk(folder):
    """A disk of 3 MiB, where mounting is allowed."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk is not permitted here; the file-size limit tests cover the same path")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_under_the_repository(program, folder, small_disk):
    small = Database(folder / "small.db", rows=500)
    large = Database(folder / "large.db", rows=40000)
    repository = RepositoryFolder(program, small_disk / "r", encrypted=False)
    repository.ok("backup", small.url, "--init", "--no-encryption")
    repository.fails(6, "no-space", "backup", large.url)
    assert repository.restored("latest", folder / "x.db") == small.content()
    repository.ok("prune", "--discard-unfinished", "--yes")
    assert repository.is_sound()
    repository.ok("backup", small.change(1).url)


def test_a_full_disk_under_the_target(repository, database, folder, small_disk):
    large = Database(folder / "large.db", rows=40000)
    snapshot = repository.backup(large)
    before = Database(small_disk / "x.db", rows=10).content()
    repository.fails(6, "no-space", "restore", snapshot, "--to", small_disk / "x.db", "--overwrite")
    assert content_of(small_disk / "x.db") == before
    repository.fails(6, "no-space", "export", snapshot, small_disk / "y.sqlite")
    assert sorted(file.name for file in small_disk.iterdir() if not file.name.startswith("x.db")) == []


def run_limited(repository, size_bytes, *args):
    process = repository.program.start(*args, env=repository.env, preexec_fn=limited_to(size_bytes))
    out, err = process.communicate()
    return process.returncode, out, err


def test_a_pack_that_cannot_be_written_whole(repository, folder):
    large = Database(folder / "large.db", rows=20000)
    code, out, err = run_limited(repository, 1 << 20, "backup", large.url)
    assert (code, out) == (6, ""), err
    assert "error[no-space]" in err
    assert repository.ids() == [repository.first]
    assert repository.is_sound()


def test_a_restored_file_that_cannot_be_written_whole(repository, folder):
    code, out, err = run_limited(repository, 1 << 17, "restore", "latest", "--to", str(folder / "x.db"))
    assert (code, out) == (6, ""), err
    assert "error[no-space]" in err
    assert not [file for file in folder.iterdir() if file.name.startswith("x.db")]


def test_an_exported_file_that_cannot_be_written_whole(repository, folder):
    code, _, err = run_limited(repository, 1 << 17, "export", "latest", str(folder / "x.sqlite"))
    assert code == 6, err
    assert not [file for file in folder.iterdir() if file.name.startswith("x.sqlite")]


# --- time and other operations


def test_a_deadline_that_passes(repository, folder):
    large = Database(folder / "large.db", rows=40000)
    result = repository.fails(1, "deadline-exceeded", "backup", large.url, "--limit-read", "1M", "--timeout", "0.5")
    assert result.out == ""
    assert repository.ids() == [repository.first]


def test_prune_waits_for_a_snapshot_that_is_being_taken_or_refuses_to(repository, folder):
    repository.ok("forget", repository.backup(Database(folder / "other.db")))  # so that there is something to free
    large = Database(folder / "large.db", rows=20000)
    known = len(repository.objects("sessions"))
    running = repository.program.start("backup", large.url, "--limit-read", "1M", env=repository.env)
    while len(repository.objects("sessions")) == known:
        assert running.poll() is None, running.communicate()
    running.send_signal(signal.SIGSTOP)
    result = repository.fails(11, "locked", "prune", "--no-wait")
    assert "dbsnap prune" in result.err
    pruner = repository.program.start("prune", "--json", env=repository.env)
    running.send_signal(signal.SIGCONT)
    out, err = running.communicate()
    assert running.returncode == 0, err
    report, err = pruner.communicate()
    assert pruner.returncode == 0, err
    assert (json.loads(report)["fenced"], json.loads(report)["packs_removed"] > 0) == (0, True)
    assert out.strip() in repository.ids()
    assert repository.is_sound()
