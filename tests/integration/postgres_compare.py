"""Compares two PostgreSQL databases completely: definitions by pg_dump, contents by checksums, sequences, large objects."""

import dataclasses
import re
import subprocess

import psycopg

HEADER = re.compile(r"^--\n(?=-- Name: .*; Type: )", re.MULTILINE)
NOISE = re.compile(r"^(\\restrict|\\unrestrict|-- Dumped (from|by)) .*\n", re.MULTILINE)
SETTINGS = (
    "SET search_path = ''; SET extra_float_digits = 3; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';"
    "SET timezone = 'UTC'; SET row_security = off; SET statement_timeout = 0"
)
RELATIONS = """
    SELECT quote_ident(nspname) || '.' || quote_ident(relname), relkind = 'm' AND NOT relispopulated
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = ANY (%s) AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY 1"""
# Whatever order the rows have: two sums of different hashes of their text form.
CHECKSUM = """
    SELECT count(*), coalesce(sum(hashtextextended("the row"::text, 0)::numeric), 0)::text,
           coalesce(sum(hashtextextended("the row"::text, 1)::numeric), 0)::text
    FROM ONLY {} AS "the row" """
LARGE_OBJECTS = """
    SELECT oid, pg_get_userbyid(lomowner), lomacl::text, obj_description(oid, 'pg_largeobject'), md5(lo_get(oid)),
           length(lo_get(oid))
    FROM pg_largeobject_metadata ORDER BY oid"""
# What pg_dump leaves to others, yet has to be as it was.
VALIDITY = """
    SELECT 'index ' || indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1"""


@dataclasses.dataclass
class Description:
    """Everything in a database that a restore has to bring back."""

    definitions: list
    contents: dict
    sequences: dict
    large_objects: dict
    not_valid: list

    @property
    def rows(self):
        return {name: content[0] for name, content in self.contents.items() if content != "not filled"}


def describe(server, database, pg_dump=None):
    """Describes a database of `server`; `pg_dump` is the program that prints the definitions."""
    with psycopg.connect(server.url(database), application_name="test", client_encoding="utf8") as connection:
        return Description(definitions(server, database, pg_dump), *contents_of(connection))


def definitions(server, database, pg_dump=None):
    """What pg_dump prints, in sorted pieces: their order depends on the order in which things were made."""
    command = [pg_dump or server.clients / "pg_dump", "--schema-only", "--encoding=UTF8", "-d", server.url(database)]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="surrogateescape", check=False
    )
    assert done.returncode == 0, done.stderr
    return sorted(normalised(piece) for piece in HEADER.split(NOISE.sub("", done.stdout)))


def normalised(piece):
    """Grants of one object are in the order in which they were given."""
    if "; Type: ACL;" not in piece and "; Type: DEFAULT ACL;" not in piece:
        return piece.strip()
    return "\n".join(sorted(line for line in piece.strip().split("\n")))


def contents_of(connection):
    connection.execute(SETTINGS)
    contents = {}
    for name, is_empty in connection.execute(RELATIONS, (["r", "m"],)).fetchall():
        contents[name] = "not filled" if is_empty else connection.execute(CHECKSUM.format(name)).fetchone()
    sequences = {
        name: connection.execute(f"SELECT last_value, is_called FROM {name}").fetchone()
        for name, _ in connection.execute(RELATIONS, (["S"],)).fetchall()
    }
    large_objects = {row[0]: row[1:] for row in connection.execute(LARGE_OBJECTS).fetchall()}
    not_valid = [row[0] for row in connection.execute(VALIDITY).fetchall()]
    return contents, sequences, large_objects, not_valid


def differences(source, target):
    """What is not equal, as lines for a person; none when the two databases are the same."""
    lines = []
    for piece in source.definitions:
        if piece not in target.definitions:
            lines.append(f"not in the target:\n{piece}")
    for piece in target.definitions:
        if piece not in source.definitions:
            lines.append(f"only in the target:\n{piece}")
    if not lines and source.definitions != target.definitions:
        lines.append("a definition is there more than once")
    for what in ("contents", "sequences", "large_objects"):
        left, right = getattr(source, what), getattr(target, what)
        for name in sorted({*left, *right}, key=str):
            if left.get(name) != right.get(name):
                lines.append(f"{what} of {name}: {left.get(name)} became {right.get(name)}")
    if source.not_valid != target.not_valid:
        lines.append(f"not valid: {source.not_valid} became {target.not_valid}")
    return lines


def assert_equal(source, target):
    found = differences(source, target)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found)[:20000]
