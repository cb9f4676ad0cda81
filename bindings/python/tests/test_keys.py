"""The keys of a repository through Python."""

from datetime import datetime, timedelta, timezone

import pytest

import dbsnap


@pytest.fixture
def place(tmp_path):
    dbsnap.Repository.create(tmp_path / "repo", password="first").close()
    return tmp_path / "repo"


def opens(place, password):
    try:
        dbsnap.Repository.open(place, password=password).close()
    except dbsnap.WrongKey:
        return False
    return True


def test_passwords_are_added_changed_and_removed(place):
    with dbsnap.Repository.open(place, password="first") as repository:
        added = repository.add_key("second", label="laptop")
        assert (added.kind, added.label, added.current) == ("password", "laptop", False)
        assert (added.good, added.older) == (True, 0)
        assert abs(added.created - datetime.now(timezone.utc)) < timedelta(hours=1)
        assert opens(place, "second")
        assert repository.change_key(added.id[:6], "better").id == added.id
        assert not opens(place, "second")
        assert opens(place, "better")
        assert [key.id == added.id for key in repository.keys()] == [True, False]
        assert [key.current for key in repository.keys()] == [False, True]
        repository.remove_key(added.id)
    assert not opens(place, "better")
    assert opens(place, "first")


def test_a_recovery_code_opens_the_repository_also_as_people_type_it(place):
    with dbsnap.Repository.open(place, password="first") as repository:
        made = repository.add_recovery_key(label="safe")
    assert made.key.kind == "recovery"
    assert opens(place, made.code)
    assert opens(place, made.code.lower().replace("-", " "))
    assert made.code not in repr(made)
    mistyped = ("0" if made.code[0] != "0" else "1") + made.code[1:]
    with pytest.raises(dbsnap.WrongKey) as caught:
        dbsnap.Repository.open(place, password=mistyped)
    assert "group 1" in caught.value.why


def test_the_last_key_and_the_one_in_use_are_not_removed_by_accident(place):
    with dbsnap.Repository.open(place, password="first") as repository:
        (own,) = repository.keys()
        with pytest.raises(dbsnap.InvalidArgument, match="last"):
            repository.remove_key(own.id, force=True)
        repository.add_key("second")
        with pytest.raises(dbsnap.InvalidArgument, match="opened with"):
            repository.remove_key(own.id)
        repository.remove_key(own.id, force=True)
    assert not opens(place, "first")
    assert opens(place, "second")


def test_a_repository_that_is_not_encrypted_says_that_it_has_no_keys(repository):
    with pytest.raises(dbsnap.InvalidArgument, match="not encrypted"):
        repository.keys()


def test_no_error_holds_the_password(place):
    canary = "geheim-kanarienvogel"
    with dbsnap.Repository.open(place, password="first") as repository:
        attempts = [
            lambda: dbsnap.Repository.open(place, password=canary),
            lambda: dbsnap.Repository.create(place, password=canary),
            lambda: dbsnap.Repository.create("memory:", password=canary, encrypt=False),
            lambda: repository.change_key("0123456789abcdef", canary),
            lambda: repository.add_key(canary, label="two\nlines"),
        ]
        for attempt in attempts:
            with pytest.raises(dbsnap.Error) as caught:
                attempt()
            error = caught.value
            assert canary not in f"{error} {error.why} {error.hint} {error.context} {error!r}"
