#!/usr/bin/env python3
"""Checks that no text of the project holds a left-over marker, a machine's own path or a registry's address.

The project must read the same wherever it is checked out, and a note to oneself belongs into the tracker.

    scripts/check_words.py [ROOT]      exit 0: clean, 1: the lines that are not
"""

import argparse
import os
import pathlib
import re
import sys

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", ".hypothesis", "dist", ".cache", "node_modules"}
SKIPPED_SUFFIXES = {".egg-info"}

# Written in pieces, so that this file passes its own check.
MARKERS = ["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]
FOLDERS = ["wo" + "rk", "fa" + "rm"]
PHRASES = [r"\.\./" + "shar" + "ed", "tool" + " library", "before-" + "stop", "artifact-" + "registry"]
HOSTS = [
    r"py" + r"pi\.org",
    r"python" + r"hosted\.org",
    r"npm" + r"js\.(org|com)",
    r"crates" + r"\.io",
    r"proxy\.go" + r"lang\.org",
    r"repo1?\.(maven|apache)" + r"[.\w]*\.org",
    r"(deb|security|ftp|snapshot)[.\w]*\." + r"debian\.org",
    r"archive\.ubun" + r"tu\.com",
]
AUTHORS = [
    "clau" + "de",
    "anthro" + "pic",
    "open" + "ai",
    "chat" + "gpt",
    r"gpt-\d",
    "co" + "pilot",
    "gem" + "ini",
    "large language " + "model",
    "language " + "model",
    "coding " + "agent",
    "a" + "i-generated",
]
ABBREVIATIONS = ["A" + "I", "LL" + "Ms?"]

RULES = [
    ("a left-over marker", re.compile(r"\b(" + "|".join(MARKERS) + r")\b")),
    ("a path of one machine", re.compile(r"(?<![\w.$}{~%>*/-])/(" + "|".join(FOLDERS) + r")(/|\b(?![\w.-]))")),
    ("a mention of where it was made", re.compile("|".join(PHRASES), re.IGNORECASE)),
    ("a registry's address", re.compile("|".join(HOSTS), re.IGNORECASE)),
    ("a mention of a writing tool", re.compile(r"\b(" + "|".join(AUTHORS) + r")\b", re.IGNORECASE)),
    ("a mention of a writing tool", re.compile(r"\b(" + "|".join(ABBREVIATIONS) + r")\b")),
]


def text_files(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and pathlib.Path(name).suffix not in SKIPPED_SUFFIXES
        )
        for name in sorted(files):
            path = pathlib.Path(folder, name)
            if not path.is_symlink():
                yield path


def lines_of(path):
    """Lines of a text file; none of a binary one."""
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return []
    return data.decode("utf-8", errors="replace").splitlines()


def faults_of_line(line):
    for what, pattern in RULES:
        match = pattern.search(line)
        if match:
            yield f"{what}: {match.group(0)}"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    root = parser.parse_args(arguments).root
    count, faults = 0, []
    for path in text_files(root):
        count += 1
        relative = path.relative_to(root)
        faults += [f"{relative}: its name is {fault}" for fault in faults_of_line(str(relative))]
        for number, line in enumerate(lines_of(path), 1):
            faults += [f"{relative}:{number}: {fault}" for fault in faults_of_line(line)]
    for fault in faults:
        print(fault)
    if not count:
        print(f"no files under {root}", file=sys.stderr)
        return 1
    print(f"{count} files, {len(faults)} forbidden words")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
