"""Databases and repositories for the tests."""

import sqlite3
from pathlib import Path

import pytest

import dbsnap


class Database:
    """A SQLite database of an application that goes on living while it is backed up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite://{path}"
        self.add(500)

    def add(self, rows: int) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, text TEXT)")
            connection.executemany("INSERT INTO item (text) VALUES (hex(randomblob(?)))", [(100,)] * rows)
        connection.close()


def count_rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM item").fetchone()[0]
    finally:
        connection.close()


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "app.db")


@pytest.fixture
def repository():
    with dbsnap.Repository.create("memory:", encrypt=False) as made:
        yield made
