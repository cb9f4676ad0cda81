"""What somebody sees who has the whole storage of an encrypted repository, and everything the program prints."""

import base64
import sqlite3

import pytest
from conftest import RepositoryFolder

ROW = "kanarienvogel-gelb-4711"
TABLE = "geheime_gehaelter"
HOST = "wirtsrechner-9b"
FILE = "lohnbuchhaltung"
NAME = "quelle-lohnlauf"
TAG = "vierteljahr-iii"
PASSWORD = "sesam-oeffne-dich-0815"
CANARIES = [ROW, TABLE, HOST, FILE, NAME, TAG, PASSWORD]


def disguises(word):
    """The word in the forms in which it might be stored by accident."""
    plain = word.encode()
    yield plain
    yield plain.upper()
    yield plain.hex().encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    # Base64 of the word at each of three positions, without the characters that depend on its neighbours.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain)
        yield encoded[4 if shift else 0 : len(encoded) - 4]


def found_in(folder, word):
    """Objects, by name or content, that show `word`."""
    shown = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        name = str(path.relative_to(folder)).encode()
        if any(disguise in content or disguise in name for disguise in disguises(word)):
            shown.append(str(path))
    return shown


@pytest.fixture
def payroll(folder):
    path = folder / f"{FILE}.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {TABLE} (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany(f"INSERT INTO {TABLE} (text) VALUES (?)", [(f"{ROW} {n}",) for n in range(3000)])
    connection.close()
    return path


def take_snapshots(repository, payroll):
    """Two snapshots with everything that leaves an object behind: tags, pin, forgotten snapshot, keys."""
    source = f"sqlite://{payroll}"
    for name in ([], ["--name", NAME]):
        repository.ok("backup", source, "--host", HOST, "--tag", TAG, *name)
    with sqlite3.connect(payroll) as connection:
        connection.execute(f"UPDATE {TABLE} SET text = '{ROW} changed' WHERE id % 50 = 0")
    connection.close()
    identity = repository.ok("backup", source, "--host", HOST, "--tag", TAG).out.strip()
    repository.ok("pin", identity)
    repository.ok("forget", repository.ok("backup", source, "--host", HOST).out.strip())


def test_nothing_of_a_database_shows_in_an_encrypted_repository(program, folder, payroll):
    repository = RepositoryFolder(program, folder / "store", encrypted=False)
    repository.env["DBSNAP_PASSWORD"] = PASSWORD
    repository.ok("init")
    take_snapshots(repository, payroll)
    repository.ok("key", "change", env={"DBSNAP_NEW_PASSWORD": PASSWORD + "-2"})
    assert len(repository.objects("packs")) >= 2
    for word in CANARIES:
        assert found_in(repository.path, word) == [], word


def test_the_same_search_finds_what_is_stored_in_clear(program, folder, payroll):
    assert found_in(payroll.parent, ROW) == [str(payroll)]
    repository = RepositoryFolder(program, folder / "store", encrypted=False)
    repository.ok("init", "--no-encryption")
    (repository.path / "plain").mkdir()
    (repository.path / "plain" / "file").write_text(" ".join(CANARIES))
    for word in CANARIES:
        for form in disguises(word):
            (repository.path / "plain" / "file").write_bytes(b"\x00\x01" + form + b"\xff")
            assert found_in(repository.path, word), (word, form)


def test_a_recovery_code_is_in_no_object(program, folder, payroll):
    repository = RepositoryFolder(program, folder / "store")
    repository.ok("init")
    code = repository.ok("key", "recovery", "--json").document["code"]
    for word in (code, code.replace("-", ""), code[:11]):
        assert found_in(repository.path, word) == []


def test_no_failing_path_prints_the_password(program, folder, payroll):
    repository = RepositoryFolder(program, folder / "store")
    repository.ok("init")
    program.ok("init", folder / "open", "--no-encryption")
    secret = folder / "pw"
    secret.write_text(PASSWORD)
    old = {"DBSNAP_PASSWORD": PASSWORD}
    new = {"DBSNAP_NEW_PASSWORD": PASSWORD}
    both = {**old, "DBSNAP_PASSWORD_FILE": secret}
    place = ["-r", repository.path]
    attempts = [
        (["list"], old),
        (["list", "--json", "--verbose"], old),
        (["list"], both),
        (["init", *place], old),
        (["init", folder / "x", "--no-encryption"], old),
        (["list", "-r", folder / "open"], old),
        (["list", "-r", folder / "missing"], old),
        (["list", "--password-file", secret], {"DBSNAP_PASSWORD": ""}),
        (["key", "list", "-r", folder / "open", "--password-file", secret], {"DBSNAP_PASSWORD": ""}),
        (["key", "add", "--label", "two\nlines"], new),
        (["key", "change", "0123456789abcdef"], new),
        (["key", "add", "--new-password-file", folder / "missing"], new),
        (["key", "remove", "0123456789abcdef"], new),
        (["backup", f"sqlite://{folder}/missing.db"], old),
    ]
    for arguments, environment in attempts:
        result = repository.run(*arguments, env=environment)
        assert result.code != 0, (arguments, result)
        assert PASSWORD not in result.out + result.err, arguments
    # The store refuses while a key is added.
    keys = repository.path / "keys"
    for file in keys.rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"{}")
    result = repository.run("key", "add", env={**old, **new})
    assert result.code == 20, result
    assert PASSWORD not in result.out + result.err
