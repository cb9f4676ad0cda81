"""dbsnap copy, backups into several repositories, and status: what arrives, what is said, and how each ends."""

import os
import re

import pytest
from conftest import NOBODY, RepositoryFolder, content_of


@pytest.fixture
def other(program, folder):
    """A second repository, under another password."""
    repository = RepositoryFolder(program, folder / "other")
    repository.env["DBSNAP_PASSWORD"] = "battery staple"
    repository.ok("init")
    return repository


def password_file(folder, repository, name):
    path = folder / name
    path.write_text(repository.env["DBSNAP_PASSWORD"])
    path.chmod(0o600)
    return path


@pytest.fixture
def both(program, folder, repository, other):
    """Options that name both repositories with their passwords."""
    files = [password_file(folder, one, f"{one.path.name}.password") for one in (repository, other)]
    names = ["-r", repository.path, "-r", other.path]
    return [*names, "--password-file", files[0], "--password-file", files[1]]


def copy(source, target, *args, **options):
    """Copies with the passwords of both sides in the environment."""
    env = {"DBSNAP_FROM_PASSWORD": source.env["DBSNAP_PASSWORD"]}
    return target.ok("copy", "--from", source.path, *args, env=env, **options)


# --- copy


def test_copies_restore_to_the_same_content_and_the_second_costs_little(repository, other, database, folder):
    first = copy(repository, other)
    assert re.search(r"^ok 1 snapshot copied  .* read, .* stored, ", first.err, re.MULTILINE), first
    assert other.restored(repository.first, folder / "first.db") == content_of(database.path)
    repository.backup(database.change(7))
    second = copy(repository, other, "--json").document
    assert [one["state"] for one in second["snapshots"]] == ["present", "copied"]
    assert second["snapshots"][1]["bytes_stored"] * 3 < second["snapshots"][1]["snapshot"]["size_bytes"]
    assert other.restored("latest", folder / "second.db") == content_of(database.path)
    assert other.is_sound()


def test_the_new_ids_alone_are_printed_and_one_id_works_in_both(repository, other):
    assert copy(repository, other).out.split() == other.ids()
    assert copy(repository, other).out == ""
    shown = other.ok("show", repository.first, "--json").document
    assert shown["id"] == other.ids()[0] != repository.first
    assert shown["origin"]["id"] == repository.first
    assert f"copy of {repository.first[:8]}" in other.ok("list").out
    assert repository.first in other.ok("show", repository.first[:10]).out
    other.ok("pin", repository.first)


def test_a_dry_run_shows_a_table_and_copies_nothing(repository, other, database):
    repository.backup(database.change(1))
    result = copy(repository, other, "--dry-run")
    assert result.out.count("to be copied") == 3
    assert re.search(r"^2 snapshots to be copied; .* to read$", result.out, re.MULTILINE), result
    assert other.ids() == []
    assert copy(repository, other, "-n", "--json").document["dry_run"] is True


def test_snapshots_can_be_chosen(repository, other, database):
    weekly = repository.backup(database.change(1), "--tag", "weekly")
    last = repository.backup(database.change(2))
    origins = lambda: {one["origin"]["id"] for one in other.ok("list", "--json").document}  # noqa: E731
    copy(repository, other, "--tag", "weekly")
    assert origins() == {weekly}
    copy(repository, other, "--last", "1")
    assert origins() == {weekly, last}
    copy(repository, other, repository.first[:8])
    assert origins() == {weekly, last, repository.first}


def test_what_retention_removed_is_copied_again_only_when_it_is_asked_for(repository, other, database):
    repository.backup(database.change(1))
    copy(repository, other)
    other.ok("prune", "--keep-last", "1", "--yes")
    assert "1 older than the newest copy" in copy(repository, other).err
    assert len(other.ids()) == 1
    copy(repository, other, "--older")
    assert len(other.ids()) == 2


def test_the_target_can_be_made_on_the_way(repository, folder, program):
    target = RepositoryFolder(program, folder / "new")
    copy(repository, target, "--init")
    assert len(target.ids()) == 1


def test_without_a_password_of_its_own_the_source_is_opened_with_the_targets(repository, folder, program):
    target = RepositoryFolder(program, folder / "new")
    target.ok("copy", "--from", repository.path, "--init")
    assert len(target.ids()) == 1


def test_the_sources_password_can_come_from_a_file(repository, other, folder):
    file = password_file(folder, repository, "from.password")
    other.ok("copy", "--from", repository.path, "--from-password-file", file)
    assert len(other.ids()) == 1


def test_a_copy_in_clear_must_be_asked_for(repository, program, folder):
    clear = RepositoryFolder(program, folder / "clear", encrypted=False)
    clear.ok("init", "--no-encryption")
    env = {"DBSNAP_FROM_PASSWORD": "correct horse"}
    failed = clear.fails(2, "invalid-argument", "copy", "--from", repository.path, env=env)
    assert "--allow-unencrypted" in failed.err
    clear.ok("copy", "--from", repository.path, "--allow-unencrypted", env=env)
    assert len(clear.ids()) == 1


def test_a_damaged_snapshot_is_named_and_the_others_are_copied(repository, other, database):
    second = repository.backup(database.change(1), "--full")
    pack = next(file for file in repository.objects("packs") if file.name.startswith(second))
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)
    env = {"DBSNAP_FROM_PASSWORD": "correct horse"}
    result = other.run("copy", "--from", repository.path, env=env)
    assert result.code == 3, result
    assert f"error[damaged]: snapshot {second} is damaged" in result.err
    assert len(other.ids()) == 1
    alone = other.run("copy", "--from", repository.path, second, env=env)
    assert alone.code == 20, alone
    assert other.is_sound()


@pytest.mark.parametrize(
    ("arguments", "code", "name", "words"),
    [
        (["copy"], 2, "invalid-argument", "which repository to read"),
        (["copy", "--from", "missing"], 10, "no-repository", "missing"),
        (["copy", "--pending", "--last", "2"], 2, "invalid-argument", "--last"),
        (["copy", "--from", "repository"], 2, "invalid-argument", "lies inside"),
    ],
)
def test_what_copy_cannot_do_is_said(repository, arguments, code, name, words):
    assert words in repository.fails(code, name, *arguments).err


def test_a_wrong_password_of_the_source_names_its_variables(repository, other):
    other.fails(12, "wrong-key", "copy", "--from", repository.path, env={"DBSNAP_FROM_PASSWORD": "wrong"})
    bare = {"DBSNAP_PASSWORD": "", "DBSNAP_REPO": ""}
    result = repository.fails(12, "wrong-key", "copy", "--from", repository.path, "--to", other.path, env=bare)
    assert "--from-password-file" in result.err
    assert "DBSNAP_FROM_PASSWORD_FILE" in result.err


# --- several repositories


def test_a_backup_into_two_repositories_is_one_snapshot_in_both(repository, other, database, both, program, folder):
    database.change(5)
    taken = program.ok("backup", database.url, *both)
    assert taken.out.split() == [repository.ids()[0]]
    snapshot = taken.out.strip()
    assert other.restored(snapshot, folder / "there.db") == content_of(database.path)
    assert repository.restored(snapshot, folder / "here.db") == content_of(database.path)
    document = program.ok("backup", database.url, *both, "--json").document
    (targets,) = document["targets"]
    assert [target["error"] for target in targets] == [None, None]
    assert [one["error"] for one in document["repositories"]] == [None, None]


def test_a_repository_that_cannot_be_reached_is_caught_up_later(repository, other, database, both, program, folder):
    away = folder / "away"
    other.path.rename(away)
    result = program.run("backup", database.change(1).url, *both)
    assert result.code == 3, result
    assert str(other.path) in result.err
    assert "dbsnap copy --pending" in result.err
    snapshot = result.out.strip()
    status = repository.run("status")
    assert status.code == 3, status
    assert f"pending: the copy of {snapshot[:8]} of app.db to file://{other.path}" in status.out
    still = program.run("copy", "--pending", *both)
    assert still.code == 3, still
    assert repository.run("status").code == 3
    away.rename(other.path)
    caught_up = program.ok("copy", "--pending", *both)
    assert caught_up.out.split() == other.ids()
    assert other.restored(snapshot, folder / "there.db") == content_of(database.path)
    assert repository.ok("status").out.count("pending") == 0
    assert "no copy is pending" in program.ok("copy", "--pending", *both).err


def test_when_the_first_repository_is_away_the_second_takes_the_snapshot(repository, other, database, both, program):
    away = repository.path.with_name("away")
    repository.path.rename(away)
    result = program.run("backup", database.url, *both)
    assert result.code == 3, result
    assert result.out.split() == other.ids()
    away.rename(repository.path)
    env = {"DBSNAP_FROM_PASSWORD": other.env["DBSNAP_PASSWORD"]}
    repository.ok("copy", "--pending", "--from", other.path, env=env)
    assert repository.ok("show", result.out.strip(), "--json").document["origin"]["id"] == result.out.strip()
    assert other.ok("status").out.count("pending") == 0


def test_one_repository_alone_knows_where_its_pending_copies_go(program, folder, database):
    one, two = folder / "one", folder / "two"
    env = {"DBSNAP_PASSWORD": "the same"}
    program.ok("backup", database.url, "-r", one, "-r", two, "--init", env=env)
    two.rename(folder / "away")
    assert program.run("backup", database.url, "-r", one, "-r", two, env=env).code == 3
    (folder / "away").rename(two)
    program.ok("copy", "--pending", "-r", one, env=env)
    assert len(program.ok("list", "-r", two, "--json", env=env).document) == 2


def test_a_repository_that_may_not_be_written_is_a_warning(program, folder, database, unprivileged):
    one, two = folder / "one", folder / "two"
    env = {"DBSNAP_PASSWORD": "the same", "HOME": folder}
    program.ok("backup", database.url, "-r", one, "-r", two, "--init", env=env)
    for root in (one, folder) if unprivileged else ():
        for path in [root, *(one.rglob("*") if root == one else [database.path])]:
            os.chown(path, NOBODY, NOBODY)
    if not unprivileged:
        for path in [two, *two.rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
    result = program.run("backup", database.url, "-r", one, "-r", two, env=env, wrap=unprivileged)
    assert result.code == 3, result
    assert "error[access-refused]" in result.err
    assert len(program.ok("list", "-r", one, "--json", env=env).document) == 2
    assert len(program.ok("list", "-r", two, "--json", env=env).document) == 1
    status = program.run("status", "-r", one, "-r", two, "--json", env=env)
    assert status.code == 3, status
    first, second = status.document["repositories"]
    assert [one["to"] for one in first["pending"]] == [f"file://{two}"]
    assert second["pending"] == []


def test_when_no_repository_works_the_backup_fails(program, folder, database):
    result = program.fails(10, "no-repository", "backup", database.url, "-r", folder / "a", "-r", folder / "b")
    assert result.out == ""


def test_prune_warns_of_snapshots_that_go_before_their_copy_was_made(repository, other, database, both, program):
    other.path.rename(other.path.with_name("away"))
    program.run("backup", database.url, *both)
    repository.backup(database.change(2))
    planned = repository.ok("prune", "--keep-last", "1", "--dry-run")
    assert "a copy is pending" in planned.out
    assert "dbsnap copy --pending" in planned.err
    assert "dbsnap copy --pending" in repository.ok("prune", "--keep-last", "1", "--yes").err
    assert repository.ok("status").out.count("pending") == 0


def test_none_in_place_of_a_password_file_is_for_a_repository_that_is_not_encrypted(repository, program, folder, database):
    clear = RepositoryFolder(program, folder / "clear", encrypted=False)
    clear.ok("init", "--no-encryption")
    file = password_file(folder, repository, "password")
    names = ["-r", repository.path, "-r", clear.path]
    program.ok("backup", database.url, *names, "--password-file", file, "--password-file", "none")
    assert clear.ids() != []


@pytest.mark.parametrize("verb", ["list", "stats", "verify", "prune"])
def test_other_verbs_take_one_repository(repository, verb):
    result = repository.fails(2, "invalid-argument", verb, "-r", repository.path, "-r", repository.path)
    assert "one repository, and 2 were given" in result.err


def test_repositories_and_password_files_must_fit(repository, database, both, program):
    program.fails(2, "invalid-argument", "backup", database.url, *both, "--password-file", "third")
    program.fails(2, "invalid-argument", "backup", database.url, "-r", repository.path, "-r", repository.path)


# --- status


def test_status_shows_each_source_and_ends_with_22_when_one_is_too_old(repository, database):
    result = repository.ok("status", "--max-age", "1h")
    assert re.search(r"^app\.db +\S+ +20\d\d-.* +1$", result.out, re.MULTILINE), result
    repository.backup(database, "--name", "late", "--time", "2026-01-01")
    late = repository.fails(22, "too-old", "status", "--max-age", "1h")
    assert "late (" in late.err
    assert "too old" in late.out
    assert repository.ok("status", "--max-age", "1h", "--source", "app.db").out
    document = repository.run("status", "--max-age", "1h", "--json").document["repositories"][0]
    assert [one["too_old"] for one in document["sources"]] == [False, True]
    assert document["max_age_s"] == 3600


def test_a_repository_without_snapshots_is_too_old(empty_repository):
    assert "no snapshot" in empty_repository.ok("status").out
    empty_repository.fails(22, "too-old", "status", "--max-age", "26h")


def test_status_of_several_repositories_looks_at_all_of_them(repository, program, folder):
    names = ["-r", folder / "missing", "-r", repository.path]
    result = repository.run("status", *names, "--json")
    assert result.code == 10, result
    missing, there = result.document["repositories"]
    assert missing["error"]["code"] == "no-repository"
    assert len(there["sources"]) == 1


def test_an_age_that_is_none_is_refused(repository):
    repository.fails(2, "invalid-argument", "status", "--max-age", "soon")
