"""Compares the list of exported functions with the header, the built library, and the C test program.

Usage: check_exports.py EXPORTS_LIST HEADER LIBRARY TEST_PROGRAM
"""

import re
import subprocess
import sys
from pathlib import Path


def listed(path: str) -> set[str]:
    rows = [line.split() for line in Path(path).read_text().splitlines() if line and not line.startswith("#")]
    wrong = [row for row in rows if len(row) != 2 or not re.fullmatch(r"\d+\.\d+", row[1])]
    if wrong:
        sys.exit(f"{path}: every row is a name and a version, not {wrong[0]}")
    return {row[0] for row in rows}


def declared(path: str) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", Path(path).read_text(), flags=re.S)
    return set(re.findall(r"^DBSNAP_C_API\b[^;(]*?\b(dbsnap_\w+)\(", text, flags=re.M))


def symbols(path: str, *options: str) -> set[str]:
    output = subprocess.run(["nm", "-D", *options, path], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in output.splitlines()}
    return {name for name in names if not re.fullmatch(r"DBSNAP_\d+\.\d+", name)}


def compare(left: str, left_names: set[str], right: str, right_names: set[str]) -> int:
    for name in sorted(left_names - right_names):
        print(f"{name}: in {left}, not in {right}")
    for name in sorted(right_names - left_names):
        print(f"{name}: in {right}, not in {left}")
    return len(left_names ^ right_names)


def main() -> None:
    exports_list, header, library, program = sys.argv[1:]
    names = listed(exports_list)
    faults = compare("exports.list", names, "dbsnap.h", declared(header))
    faults += compare("exports.list", names, "the library", symbols(library, "--defined-only"))
    used = {name for name in symbols(program, "--undefined-only") if name.startswith("dbsnap_")}
    faults += compare("exports.list", names, "the calls of the C tests", used)
    print(f"{len(names)} exported functions, {faults} differences")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
