"""Every verb doing its work on real databases and repositories."""

import gzip
import json
import os
import re
import sqlite3
import subprocess

import pytest
from conftest import Database, RepositoryFolder, content_of

ID = re.compile(r"[0-9a-f]{32}")


def test_init_prints_the_id_alone_and_says_what_comes_next(program, folder):
    result = program.ok("init", folder / "r", env={"DBSNAP_PASSWORD": "pw"})
    assert ID.fullmatch(result.out.strip())
    assert "encrypted" in result.err
    assert f"dbsnap backup sqlite:///absolute/path/of.db -r {folder}/r" in result.err


def test_init_with_json_prints_one_document(program, folder):
    document = program.ok("init", "--json", "--no-encryption", "-r", folder / "r").document
    assert ID.fullmatch(document["repository"]["id"])
    assert document["repository"]["encrypted"] is False


def test_the_first_backup_tells_a_newcomer_what_happened(program, folder, database):
    target = folder / "r"
    result = program.ok("backup", database.url, "-r", target, "--init", env={"DBSNAP_PASSWORD": "pw"})
    assert ID.fullmatch(result.out.strip())
    short = result.out[:8]
    for piece in (
        f"created repository {target}",
        "keep its password",
        f"ok app.db {short}",
        "read,",
        "stored",
        f"dbsnap restore {short} -r {target} --to sqlite://{database.path}.restored",
        f"dbsnap verify -r {target}",
    ):
        assert piece in result.err, piece


def test_the_commands_the_first_backup_suggests_work(program, folder, database):
    env = {"DBSNAP_PASSWORD": "pw"}
    result = program.ok("backup", database.url, "-r", folder / "my backups", "--init", env=env)
    commands = re.findall(r"^    dbsnap (.+)$", result.err, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", f"{program.path} {command}"], env=program.environment(env), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stderr)
    assert content_of(f"{database.path}.restored") == database.content()


def test_a_later_backup_says_one_line_and_stores_only_what_changed(repository, database):
    database.change(7)
    result = repository.ok("backup", database.url)
    assert len(result.err.splitlines()) == 1
    assert re.match(r"ok app\.db [0-9a-f]{8}  .+ read, .+ new, .+ stored", result.err)
    stats = repository.ok("show", "latest", "--json").document["stats"]
    assert stats["bytes_stored"] < stats["bytes_read"] / 5


def test_quiet_says_nothing_but_the_id(repository, database):
    result = repository.ok("backup", database.url, "-q")
    assert result.err == ""
    assert ID.fullmatch(result.out.strip())


def test_backup_with_json_prints_the_manifest_and_nothing_else(repository, database):
    document = repository.ok("backup", database.url, "--json", "--tag", "nightly", "--tag", "second").document
    (snapshot,) = document["snapshots"]
    assert document["created"] is False
    assert document["errors"] == []
    assert snapshot["tags"] == ["nightly", "second"]
    assert snapshot["parent"] == repository.first
    assert snapshot["source"]["engine"] == "sqlite"
    assert snapshot["source"]["host"] == os.uname().nodename


def test_a_source_may_be_named_by_an_environment_variable(empty_repository, database):
    result = empty_repository.ok("backup", "env:APP_DATABASE", env={"APP_DATABASE": database.url})
    assert ID.fullmatch(result.out.strip())


def test_name_host_and_time_are_recorded(repository, database):
    repository.ok("backup", database.url, "--name", "shop", "--host", "web1", "--time", "2025-03-04 05:06:07")
    newest = repository.ok("list", "--source", "shop", "--json").document
    assert [snapshot["time"] for snapshot in newest] == ["2025-03-04T05:06:07Z"]
    assert newest[0]["source"]["host"] == "web1"


def test_several_sources_give_one_snapshot_each(empty_repository, folder, database):
    second = Database(folder / "shop.db", rows=50)
    result = empty_repository.ok("backup", database.url, second.url)
    assert len(result.out.split()) == 2
    sources = {snapshot["source"]["name"] for snapshot in empty_repository.ok("list", "--json").document}
    assert sources == {"app.db", "shop.db"}


def test_when_one_of_several_sources_fails_the_others_are_still_taken(empty_repository, folder, database):
    (folder / "broken.db").write_text("this is not a database at all, " * 40)
    result = empty_repository.run("backup", f"sqlite://{folder}/broken.db", database.url)
    assert result.code == 2
    assert "error[not-a-database]" in result.err
    assert empty_repository.ids() == [result.out.strip()]

    both = empty_repository.run("backup", "--json", f"sqlite://{folder}/broken.db", database.url)
    assert both.code == 2
    assert [error["code"] for error in both.document["errors"]] == ["not-a-database"]
    assert len(both.document["snapshots"]) == 1


def test_list_shows_newest_first_and_json_agrees(repository, database):
    second = repository.backup(database.change(3), "--tag", "weekly")
    assert repository.ids() == [second, repository.first]
    lines = repository.ok("list").out.splitlines()
    assert lines[0].split()[0] == "SNAPSHOT"
    assert [line.split()[0] for line in lines[1:]] == [second[:8], repository.first[:8]]
    assert "weekly" in lines[1]
    assert len(repository.ok("list", "--tag", "weekly", "--json").document) == 1


def test_list_of_an_empty_repository_is_empty_and_says_so(empty_repository):
    result = empty_repository.ok("list")
    assert result.out == ""
    assert "no snapshot yet" in result.err
    assert empty_repository.ok("list", "--json").document == []


def test_show_tells_source_time_and_entries(repository, database):
    text = repository.ok("show", "latest").out
    assert repository.first in text
    assert database.url in text
    assert "ENTRY" in text
    manifest = repository.ok("show", repository.first[:6], "--json").document
    assert manifest["id"] == repository.first
    assert manifest["entries"][0]["size_bytes"] > 0


def test_stats_count_what_is_there(repository, database):
    repository.backup(database.change(4))
    stats = repository.ok("stats", "--json").document
    assert stats["snapshots"] == 2
    assert stats["sources"] == 1
    on_disk = sum(file.stat().st_size for file in repository.path.rglob("*") if file.is_file())
    assert stats["stored_bytes"] == on_disk
    assert re.search(r"^snapshots +2$", repository.ok("stats").out, re.MULTILINE)


def test_diff_shows_what_changed(repository, database):
    second = repository.backup(database.change(5))
    report = repository.ok("diff", repository.first, second, "--json").document
    (entry,) = [entry for entry in report["entries"] if entry["change"] == "changed"]
    assert 0 < entry["bytes_changed"] <= database.path.stat().st_size
    assert entry["name"] in repository.ok("diff", repository.first, "latest").out
    same = repository.ok("diff", second, second).out
    assert "same" in same
    assert "changed" not in same


def test_restore_gives_back_every_snapshot(repository, database, folder):
    before = database.content()
    second = repository.backup(database.change(6))
    assert repository.restored(repository.first, folder / "first.db") == before
    assert repository.restored("latest", folder / "second.db") == database.content()
    result = repository.ok("restore", second, "--to", f"sqlite://{folder}/third.db")
    assert result.out == f"sqlite://{folder}/third.db\n"
    assert re.match(r"ok app\.db [0-9a-f]{8} of .+ UTC  .+ written to ", result.err)


def test_restore_with_json_names_the_target(repository, folder):
    document = repository.ok("restore", "latest", "--to", folder / "x.db", "--json").document
    assert document["id"] == repository.first
    assert document["target"] == f"sqlite://{folder}/x.db"
    assert document["bytes"] > 0


def test_restore_at_a_time_takes_the_newest_snapshot_before_it(empty_repository, database, folder):
    for day, balance in (("2026-01-01", 1), ("2026-01-02", 2), ("2026-01-03", 3)):
        empty_repository.backup(database.change(balance), "--time", day)
    empty_repository.ok("restore", "--at", "2026-01-02 12:00", "--to", folder / "x.db")
    assert {row[2] for row in content_of(folder / "x.db") if row[0] % 97 == 0} == {2}
    empty_repository.fails(25, "point-in-time-unreachable", "restore", "--at", "2025-12-31", "--to", folder / "y.db")
    assert not (folder / "y.db").exists()


def test_restore_over_a_database_needs_overwrite(repository, database, folder):
    target = Database(folder / "old.db", rows=10)
    old = target.content()
    repository.fails(23, "target-not-empty", "restore", "latest", "--to", target.path)
    assert target.content() == old
    repository.ok("restore", "latest", "--to", target.path, "--overwrite")
    assert target.content() == database.content()


def test_verify_reads_a_part_each_night_until_all_was_read(repository):
    report = repository.ok("verify", "--percent", "50", "--json").document
    assert report["packs_checked"]["packs"] >= 1
    for _ in range(2):
        report = repository.ok("verify", "--percent", "50", "--json").document
    assert report["oldest_check"] is not None
    result = repository.ok("verify", "--max-age", "30d")
    assert "checked lately" in result.err
    assert "oldest check of a pack: " in result.err


def test_keyless_verify_says_what_it_cannot_see(repository):
    result = repository.ok("verify", "--keyless")
    assert "missing or forged" in result.err
    report = repository.ok("verify", "--keyless", "--percent", "100", "--json").document
    assert report["ok"] is True
    assert report["packs_checked"] == report["packs_needed"]


@pytest.mark.parametrize("level", ["listing", "tables", "packs", "frames", "data"])
def test_verify_accepts_a_sound_repository(repository, database, level):
    repository.backup(database.change(8))
    result = repository.ok("verify", "--level", level)
    assert result.err.startswith("ok 2 snapshots")
    report = repository.ok("verify", "latest", "--level", level, "--json").document
    assert report["ok"] is True
    assert report["snapshots"] == 1


def test_verify_leaves_nothing_in_its_scratch_folder(repository, folder):
    scratch = folder / "scratch"
    scratch.mkdir()
    repository.ok("verify", "--level", "data", "--scratch", scratch)
    assert list(scratch.iterdir()) == []


def test_export_writes_a_plain_database(repository, database, folder):
    repository.ok("export", "latest", folder / "plain.sqlite")
    assert content_of(folder / "plain.sqlite") == database.content()
    document = repository.ok("export", "latest", folder / "again.sqlite", "--json").document
    assert document == {
        "id": repository.first,
        "file": f"{folder}/again.sqlite",
        "bytes": (folder / "again.sqlite").stat().st_size,
        "compression": "none",
    }


def test_export_compresses_by_the_name_and_import_reads_it_back(repository, database, folder):
    repository.ok("export", "latest", folder / "plain.sqlite.gz")
    (folder / "plain.sqlite").write_bytes(gzip.decompress((folder / "plain.sqlite.gz").read_bytes()))
    assert content_of(folder / "plain.sqlite") == database.content()
    repository.ok("export", "latest", folder / "plain.sqlite.zst")
    for kind in ("gz", "zst"):
        imported = repository.ok("import", folder / f"plain.sqlite.{kind}", "--name", kind).out.strip()
        assert repository.restored(imported, folder / f"back-{kind}.db") == database.content()


def test_export_to_standard_output_holds_the_database_and_nothing_else(repository, database, folder):
    process = repository.program.start("export", "latest", "-", env=repository.env, text=False)
    out, err = process.communicate()
    assert process.returncode == 0, err
    (folder / "plain.sqlite").write_bytes(out)
    assert content_of(folder / "plain.sqlite") == database.content()


def test_export_replaces_a_file_only_with_overwrite(repository, database, folder):
    (folder / "plain.sqlite").write_text("precious")
    repository.fails(23, "target-not-empty", "export", "latest", folder / "plain.sqlite")
    assert (folder / "plain.sqlite").read_text() == "precious"
    repository.ok("export", "latest", folder / "plain.sqlite", "--overwrite")
    assert content_of(folder / "plain.sqlite") == database.content()
    assert not list(folder.glob("*.part*"))


def test_an_imported_file_joins_the_history_of_its_source_with_its_own_time(repository, database, folder):
    old = folder / "old.sqlite"
    repository.ok("export", "latest", old)
    os.utime(old, (1735689600, 1735689600))  # 2025-01-01
    imported = repository.ok("import", old, "--as", database.url).out.strip()
    snapshots = repository.ok("list", "--source", "app.db", "--json").document
    assert [snapshot["id"] for snapshot in snapshots] == [repository.first, imported]
    assert snapshots[1]["time"] == "2025-01-01T00:00:00Z"
    dated = repository.ok("import", old, "--as", database.url, "--time", "2024-06-01").out.strip()
    assert repository.ok("show", dated, "--json").document["time"] == "2024-06-01T00:00:00Z"


def test_forget_drops_a_snapshot_and_prune_frees_its_space(repository, database):
    second = repository.backup(database.change(9), "--full")
    size = repository.ok("stats", "--json").document["stored_bytes"]
    document = repository.ok("forget", repository.first, "--dry-run", "--json").document
    assert document == {"dry_run": True, "forgotten": [repository.first]}
    assert len(repository.ids()) == 2
    repository.ok("forget", repository.first)
    assert repository.ids() == [second]
    assert repository.ok("stats", "--json").document["unreferenced_bytes"] > 0
    result = repository.ok("prune")
    assert result.err.startswith("ok removed 0 snapshots and ")
    stats = repository.ok("stats", "--json").document
    assert stats["unreferenced_bytes"] == 0
    assert stats["stored_bytes"] < size
    assert repository.is_sound()


def test_a_forgotten_snapshot_is_brought_back_until_a_prune_has_freed_it(repository, database):
    second = repository.backup(database.change(9), "--full")
    repository.ok("forget", repository.first)
    assert [snapshot["id"] for snapshot in repository.ok("list", "--forgotten", "--json").document] == [repository.first]
    back = repository.ok("unforget", repository.first[:8]).out.strip()
    assert set(repository.ids()) == {back, second}
    repository.ok("forget", back)
    repository.ok("prune")
    assert repository.ok("list", "--forgotten").out == ""
    result = repository.run("unforget", back)
    assert result.code == 1
    assert "dbsnap list --forgotten" in result.err
    assert repository.is_sound()


def test_a_pinned_snapshot_survives_forget_and_prune(repository, database):
    second = repository.backup(database.change(10))
    assert repository.ok("pin", repository.first, "--json").document == {"pinned": [repository.first]}
    assert "pinned" in repository.ok("list").out
    assert repository.run("forget", repository.first).code != 0
    repository.ok("prune", "--keep-last", "1", "--yes")
    assert repository.ids() == [second, repository.first]
    repository.ok("unpin", repository.first)
    repository.ok("prune", "--keep-last", "1", "--yes")
    assert repository.ids() == [second]


@pytest.fixture
def week(empty_repository, database):
    """A repository with one snapshot for each of seven days."""
    empty_repository.days = [
        empty_repository.backup(database.change(day), "--time", f"2026-01-0{day}") for day in range(1, 8)
    ]
    return empty_repository


def test_prune_dry_run_shows_each_snapshot_with_its_reason_and_changes_nothing(week):
    text = week.ok("prune", "--keep-last", "2", "--dry-run").out
    lines = text.splitlines()
    assert lines[0].split() == ["SNAPSHOT", "TIME", "(UTC)", "SOURCE", "KEPT", "FREES", "WHY"]
    rows = {line.split()[0]: line for line in lines[1:8]}
    assert set(rows) == {snapshot[:8] for snapshot in week.days}
    assert re.search(r" yes +last", rows[week.days[6][:8]])
    assert re.search(r" no +[\d.]+ (B|KiB|MiB) +no rule keeps it", rows[week.days[0][:8]])
    assert "5 of 7 snapshots go" in lines[-1]
    assert "restore reaches back to 2026-01-06 00:00:00 UTC" in lines[-1]
    assert len(week.ids()) == 7
    plan = week.ok("prune", "--keep-last", "2", "--dry-run", "--json").document
    assert [decision["keep"] for decision in plan["decisions"]].count(False) == 5
    assert plan["oldest_kept"] == "2026-01-06T00:00:00Z"


def test_prune_removes_snapshots_only_when_told_to(week):
    result = week.fails(2, "invalid-argument", "prune", "--keep-last", "2")
    assert "--yes" in result.err
    assert len(week.ids()) == 7
    document = week.ok("prune", "--keep-last", "2", "--yes", "--json").document
    assert document["snapshots_removed"] == 5
    assert week.ids() == [week.days[6], week.days[5]]
    assert week.is_sound()


def test_prune_without_rules_keeps_every_snapshot(week):
    week.ok("prune")
    assert len(week.ids()) == 7


def test_prune_never_removes_the_newest_snapshot(week):
    week.ok("prune", "--keep-within", "1d", "--keep-min", "0", "--yes")
    assert week.ids() == [week.days[6]]


def test_verbose_says_more_and_plain_progress_is_lines(repository, database):
    result = repository.ok("backup", database.change(11).url, "-v", "--progress", "plain")
    assert re.search(r"^app\.db read: ", result.err, re.MULTILINE)
    assert "chunks new" in result.err


def test_json_progress_is_json_lines_on_standard_error(repository, database):
    result = repository.ok("backup", database.change(12).url, "--progress", "json", "--json", "-q")
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert lines
    assert {"phase", "bytes_done", "bytes_new", "bytes_stored"} <= set(lines[0])
    assert result.document["snapshots"]


def test_without_a_terminal_there_is_no_redrawn_line(repository, database):
    assert "\r" not in repository.ok("backup", database.change(13).url).err


def test_an_unencrypted_repository_needs_no_password(program, folder, database):
    repository = RepositoryFolder(program, folder / "open", encrypted=False)
    repository.ok("backup", database.url, "--init", "--no-encryption")
    assert repository.restored("latest", folder / "x.db") == database.content()


@pytest.mark.parametrize("way", ["option", "file", "command"])
def test_the_password_may_come_from_a_file_or_a_command(repository, folder, way):
    secret = folder / "password"
    secret.write_text("correct horse\n")
    environment = {"DBSNAP_REPO": repository.path}
    arguments = ["list"]
    if way == "option":
        arguments += ["--password-file", str(secret)]
    elif way == "file":
        environment["DBSNAP_PASSWORD_FILE"] = secret
    else:
        environment["DBSNAP_PASSWORD_COMMAND"] = f"cat {secret}"
    assert repository.program.ok(*arguments, env=environment).out != ""


def test_a_database_stays_in_use_while_it_is_backed_up(repository, folder):
    busy = Database(folder / "busy.db", rows=40000)
    process = repository.program.start("backup", busy.url, "--limit-read", "4M", env=repository.env)
    connection = sqlite3.connect(busy.path, timeout=0)
    writes = 0
    while process.poll() is None:
        with connection:
            connection.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", (writes % 1000 + 1,))
            connection.execute("UPDATE account SET balance = balance - 1 WHERE id = ?", (writes % 500 + 2,))
        writes += 1
    connection.close()
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert writes > 0
    restored = repository.restored(out.strip(), folder / "restored.db")
    assert sum(row[2] for row in restored) == 100 * 40000


def test_a_repository_is_used_with_limits_from_its_url_and_from_options(program, folder, database):
    place = f"file://{folder}/limited?upload_limit=100MiB&download_limit=100MiB"
    program.ok("init", place, "--no-encryption")
    result = program.ok("backup", database.url, "-r", place, "--limit-upload", "50M", "--verbose")
    assert "store: " in result.err and " requests (2 puts, " in result.err
    shown = program.ok("show", result.out.strip(), "-r", folder / "limited", "--limit-download", "50M")
    assert "requests" in shown.out
