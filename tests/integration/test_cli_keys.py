"""dbsnap key: passwords and recovery codes, from adding one to losing all others."""

import json
import os
import re
import stat

import pytest
from test_cli_interrupt import Terminal

CODE = re.compile(r"(?:[0-9A-Z]{5}-){7}[0-9A-Z]{5}")


def add(repository, password, *args):
    return repository.ok("key", "add", *args, env={"DBSNAP_NEW_PASSWORD": password}).out.strip()


def opens(repository, password):
    result = repository.run("list", env={"DBSNAP_PASSWORD": password})
    assert result.code in (0, 12), result
    return result.code == 0


def keys(repository, **options):
    return repository.ok("key", "list", "--json", **options).document


def test_a_new_repository_has_one_key_and_it_is_in_use(empty_repository):
    (key,) = keys(empty_repository)
    assert re.fullmatch(r"[0-9a-f]{16}", key["id"])
    assert (key["kind"], key["label"], key["current"], key["good"], key["older"]) == ("password", "", True, True, 0)
    text = empty_repository.ok("key", "list").out
    assert text.startswith("KEY ")
    assert "in use" in text


@pytest.mark.parametrize("way", ["option", "variable", "file", "command"])
def test_a_new_password_may_come_from_all_places(empty_repository, folder, way):
    secret = folder / "new"
    secret.write_text("second\n")
    arguments, environment = [], {}
    if way == "option":
        arguments = ["--new-password-file", secret]
    elif way == "variable":
        environment["DBSNAP_NEW_PASSWORD"] = "second"
    elif way == "file":
        environment["DBSNAP_NEW_PASSWORD_FILE"] = secret
    else:
        environment["DBSNAP_NEW_PASSWORD_COMMAND"] = f"cat {secret}"
    empty_repository.ok("key", "add", *arguments, env=environment)
    assert opens(empty_repository, "second")
    assert opens(empty_repository, "correct horse")


def test_a_new_password_is_asked_twice_on_a_terminal(empty_repository):
    terminal = Terminal(empty_repository, "key", "add")
    terminal.expect("new password: ")
    terminal.type("typed\n")
    terminal.expect("once more: ")
    terminal.type("typed\n")
    code, out = terminal.finish()
    assert code == 0
    assert "typed" not in terminal.seen
    assert opens(empty_repository, "typed")
    assert out.strip() in {key["id"] for key in keys(empty_repository)}


def test_two_typed_passwords_that_differ_change_nothing(empty_repository):
    terminal = Terminal(empty_repository, "key", "change")
    terminal.expect("new password: ")
    terminal.type("one\n")
    terminal.expect("once more: ")
    terminal.type("two\n")
    assert terminal.finish()[0] == 2
    assert opens(empty_repository, "correct horse")


def test_without_a_terminal_and_a_new_password_the_ways_to_give_one_are_named(empty_repository):
    assert "DBSNAP_NEW_PASSWORD_FILE" in empty_repository.fails(2, "invalid-argument", "key", "add").err


def test_a_changed_password_holds_and_the_old_one_does_not(repository, database, folder):
    before = keys(repository)
    document = repository.ok("key", "change", "--json", env={"DBSNAP_NEW_PASSWORD": "better"}).document
    assert document["key"]["id"] == before[0]["id"]
    assert not opens(repository, "correct horse")
    assert opens(repository, "better")
    repository.env["DBSNAP_PASSWORD"] = "better"
    assert repository.restored("latest", folder / "x.db") == database.content()
    assert len(repository.objects("keys")) == 1


def test_another_key_is_changed_and_removed_by_the_first_digits_of_its_id(empty_repository):
    identity = add(empty_repository, "second", "--label", "laptop")
    empty_repository.ok("key", "change", identity[:8], env={"DBSNAP_NEW_PASSWORD": "third"})
    assert [opens(empty_repository, word) for word in ("second", "third")] == [False, True]
    planned = empty_repository.ok("key", "remove", identity[:8], "--dry-run", "--json").document
    assert (planned["dry_run"], planned["removed"]["label"]) == (True, "laptop")
    assert opens(empty_repository, "third")
    done = empty_repository.ok("key", "remove", identity[:8], "--json").document
    assert done["dry_run"] is False
    assert not opens(empty_repository, "third")


def test_the_last_key_stays_and_the_one_in_use_goes_only_by_force(empty_repository):
    (own,) = keys(empty_repository)
    assert "last one" in empty_repository.fails(2, "invalid-argument", "key", "remove", own["id"], "--force").err
    add(empty_repository, "second")
    result = empty_repository.fails(2, "invalid-argument", "key", "remove", own["id"], "--dry-run")
    assert "--force" in result.err
    empty_repository.ok("key", "remove", own["id"], "--force")
    assert not opens(empty_repository, "correct horse")
    assert opens(empty_repository, "second")
    empty_repository.fails(1, "not-found", "key", "remove", own["id"], env={"DBSNAP_PASSWORD": "second"})


def test_a_recovery_sheet_is_all_that_is_needed(repository, database, folder):
    sheet = repository.ok("key", "recovery", "--label", "safe").out
    code = CODE.search(sheet).group()
    (made,) = [key for key in keys(repository) if key["kind"] == "recovery"]
    for piece in (made["id"], "safe", str(repository.path), "dbsnap restore latest", f"dbsnap key remove {made['id']}"):
        assert piece in sheet, piece
    assert json.loads((repository.path / "dbsnap.json").read_text())["id"] in sheet
    assert max(len(line) for line in sheet.replace(str(repository.path), "").splitlines()) <= 100
    repository.env["DBSNAP_PASSWORD"] = code.lower().replace("-", " ")
    assert repository.restored("latest", folder / "x.db") == database.content()
    assert keys(repository)[0]["current"] or keys(repository)[1]["current"]
    # The way back to an ordinary password.
    (first,) = [key for key in keys(repository) if key["kind"] == "password"]
    repository.ok("key", "change", first["id"], env={"DBSNAP_NEW_PASSWORD": "fresh"})
    assert opens(repository, "fresh")


def test_a_mistyped_recovery_code_is_told_by_its_group(repository):
    code = CODE.search(repository.ok("key", "recovery").out).group()
    mistyped = code[:12] + ("0" if code[12] != "0" else "1") + code[13:]
    result = repository.fails(12, "wrong-key", "list", env={"DBSNAP_PASSWORD": mistyped})
    assert "group 3 of the recovery code is mistyped" in result.err
    assert mistyped not in result.err


def test_a_sheet_goes_to_a_file_that_only_its_owner_reads_and_never_over_another(repository, folder):
    file = folder / "sheet.txt"
    document = repository.ok("key", "recovery", "--output", file, "--json").document
    assert (document["code"], document["file"]) == (None, str(file))
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert opens(repository, CODE.search(file.read_text()).group())
    before = (file.read_text(), keys(repository))
    repository.fails(23, "target-not-empty", "key", "recovery", "--output", file)
    repository.fails(2, "invalid-argument", "key", "recovery", "--output", repository.path / "sheet.txt")
    assert (file.read_text(), keys(repository)) == before
    document = repository.ok("key", "recovery", "--json").document
    assert document["file"] is None
    assert opens(repository, document["code"])


def test_a_recovery_key_whose_sheet_nobody_got_is_removed_again(repository):
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = repository.program.start("key", "recovery", env=repository.env, stdout=full)
        process.communicate()
    assert process.returncode == 6
    assert [key["kind"] for key in keys(repository)] == ["password"]


def test_a_damaged_key_is_listed_verified_and_removed_but_does_not_keep_the_others_out(repository):
    identity = add(repository, "second")
    (file,) = repository.objects(f"keys/{identity}")
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b'"label"', b'"labex"'))
    assert opens(repository, "correct horse")
    assert "damaged" in repository.ok("key", "list").out
    assert f"keys/{identity}/" in repository.run("verify", "--json").out
    repository.ok("key", "remove", identity)
    repository.ok("verify")


def test_a_repository_whose_keys_are_gone_says_so(repository):
    for file in repository.objects("keys"):
        file.unlink()
    assert "no key" in repository.fails(20, "damaged", "list").err


def test_a_repository_that_is_not_encrypted_has_no_keys_and_takes_no_password(program, folder):
    program.ok("init", folder / "open", "--no-encryption")
    place = ["-r", folder / "open"]
    assert "not encrypted" in program.fails(2, "invalid-argument", "key", "list", *place).err
    program.fails(2, "invalid-argument", "key", "add", *place, env={"DBSNAP_NEW_PASSWORD": "x"})
    password = {"DBSNAP_PASSWORD": "x"}
    assert "unset DBSNAP_PASSWORD" in program.fails(12, "wrong-key", "list", *place, env=password).err
    program.fails(2, "invalid-argument", "init", folder / "other", "--no-encryption", env=password)


@pytest.mark.parametrize("verb", ["list", "add", "change", "recovery", "remove"])
def test_every_verb_of_key_explains_itself(program, verb):
    text = program.ok("key", verb, "--help").out
    assert text.startswith(f"Usage: dbsnap key {verb}")
    assert f"dbsnap key {verb}" in text.split("\nExamples:\n")[1]
    assert max(len(line) for line in text.splitlines()) <= 100
    assert program.ok("help", "key", verb).out == text


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["key"], "dbsnap key --help"),
        (["key", "lst"], "dbsnap key list"),
        (["key", "add", "--labl", "x"], "dbsnap key add --label"),
        (["key", "remove"], "dbsnap key remove --help"),
    ],
)
def test_a_usage_error_of_key_names_a_command_to_run(program, arguments, hint):
    assert f"  try: {hint}\n" in program.fails(2, "invalid-argument", *arguments).err
