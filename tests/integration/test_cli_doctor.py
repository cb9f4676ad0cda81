"""dbsnap doctor on folders that are fine, missing, full, closed or damaged."""


def severities(document):
    return {finding["check"]: finding["severity"] for finding in document["findings"]}


def test_a_repository_in_order_is_found_so_without_its_password(repository):
    env = {"DBSNAP_PASSWORD": ""}
    document = repository.run("doctor", "--json", env=env).document
    found = severities(document)
    for check in ("reachable", "repository", "right-put", "right-get", "right-list", "right-delete",
                  "create-if-absent", "list-after-write", "store-modes", "mount"):  # fmt: skip
        assert found[check] == "ok", document
    assert document["exit_code"] in (0, 3)  # the disk that the tests run on may be nearly full
    assert not any(repository.path.glob("probe/*"))


def test_for_people_each_finding_is_a_line(repository):
    result = repository.run("doctor")
    assert "ok       right-put: objects may be put\n" in result.out


def test_a_place_without_a_repository_is_a_warning_with_the_command(program, folder):
    result = program.run("doctor", "-r", folder / "none")
    assert result.code == 3
    assert "warning  repository: there is no repository here yet\n" in result.out
    assert f"try: dbsnap init file://{folder}/none" in result.out


def test_an_empty_folder_may_be_a_disk_that_is_not_mounted(program, folder):
    (folder / "mnt").mkdir()
    result = program.run("doctor", "-r", folder / "mnt", "--read-only")
    assert result.code == 3
    assert "warning  mount: " in result.out
    assert f"try: findmnt -T {folder}/mnt" in result.out
    assert list((folder / "mnt").iterdir()) == []


def test_only_looking_changes_nothing(repository):
    before = {file: file.stat().st_mtime_ns for file in repository.path.rglob("*")}
    repository.run("doctor", "--read-only")
    assert {file: file.stat().st_mtime_ns for file in repository.path.rglob("*")} == before


def test_a_folder_that_may_only_be_read(repository, unprivileged):
    for path in [repository.path, *repository.path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    result = repository.run("doctor", "--json", wrap=unprivileged)
    assert result.code == 7, result
    found = severities(result.document)
    assert (found["right-put"], found["right-list"], found["repository"]) == ("failure", "ok", "ok")


def test_a_damaged_config_ends_with_its_code(repository):
    config = repository.path / "dbsnap.json"
    config.chmod(0o600)
    config.write_bytes(config.read_bytes()[:-10])
    assert repository.run("doctor").code == 20


def test_something_else_in_the_repositorys_place(program, folder):
    (folder / "file").write_text("in the way")
    assert program.run("doctor", "-r", folder / "file").code == 1


def test_without_a_place_there_is_nothing_to_examine(program):
    program.fails(2, "invalid-argument", "doctor")
