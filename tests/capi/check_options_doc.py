"""Compares docs/options.md with the option keys of the C library and with the build options.

Usage: check_options_doc.py OPTIONS_MD OPTION_TABLE_CPP OPTIONS_CMAKE
"""

import re
import sys
from pathlib import Path


def rows_of(document: str, heading: str) -> dict[str, list[str]]:
    """The table below a heading: first cell (without backquotes) to the others."""
    section = document.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in rows}


def build_options(cmake: str) -> set[str]:
    named = set(re.findall(r"^option\((\w+)", cmake, flags=re.M))
    named |= set(re.findall(r"^set\((DBSNAP_\w+) \S+ CACHE", cmake, flags=re.M))
    return named | {
        f"DBSNAP_WITH_{suffix}" for suffix in re.findall(r"^dbsnap_component\(\w+ \w+ (\w+)", cmake, flags=re.M)
    }


def main() -> None:
    document, table, cmake = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:])
    keys = dict(re.findall(r'OptionKey\{"(\w+)",.*?"([^"]+)"\}', table, flags=re.S))
    if len(keys) < 30:
        sys.exit(f"found only {len(keys)} option keys: this script no longer understands the table")
    listed = rows_of(document, "Keys of the C library")
    faults = [f"{key}: not in docs/options.md" for key in keys.keys() - listed.keys()]
    faults += [f"{key}: in docs/options.md only" for key in listed.keys() - keys.keys()]
    faults += [
        f"{key}: described as {listed[key][2]!r}, not {text!r}"
        for key, text in keys.items()
        if key in listed and listed[key][2] != text
    ]
    documented = set(rows_of(document, "Build options (CMake)"))
    faults += [f"{name}: build option in one place only" for name in documented ^ build_options(cmake)]
    print("\n".join(sorted(faults)) or f"{len(keys)} keys and {len(documented)} build options are documented")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
