#!/usr/bin/env python3
"""Checks the arrows of the source tree by reading #include lines.

cli, capi -> ops -> repo -> format -> base; engines -> base; sinks -> base. Everybody may include the public headers
dbsnap/*.hpp; cli and capi include nothing of the library but those. An engine or a sink sees no other engine or sink.
Public headers name no third-party library.

    scripts/check_includes.py [ROOT]      exit 0: every arrow is allowed, 1: the lines that are not
"""

import argparse
import pathlib
import re
import sys

SOURCE_SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".cc", ".in"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

# Layer -> private layers that it may include. A layer always sees itself and the public headers.
ALLOWED = {
    "base": set(),
    "format": {"base"},
    "repo": {"base", "format"},
    "ops": {"base", "format", "repo"},
    "cli": set(),
    "engine": {"base"},
    "sink": {"base"},
    "wrap": {"base"},
}
PRIVATE_FOLDERS = {"base", "format", "repo", "ops", "cli", "engines", "sinks"}

# What the C and C++ standard libraries offer: every other <...> in a public header is somebody else's.
STANDARD_HEADERS = set(
    """algorithm any array atomic barrier bit bitset charconv chrono cinttypes cstddef cstdint cstdio cstdlib cstring
    compare complex concepts condition_variable coroutine deque exception filesystem forward_list fstream functional
    future initializer_list iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex
    new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span sstream stack stdexcept stop_token streambuf string string_view system_error thread tuple
    type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    stddef.h stdint.h stdbool.h stdio.h inttypes.h limits.h string.h time.h""".split()
)
# A name of another library in a public header, whatever was included. `struct sqlite3` is the one type that a host
# hands over, declared and never defined by us.
FOREIGN_NAMES = re.compile(r"\b(nlohmann|fmt|CLI|pugi|toml|doctest)::|\b(ZSTD|EVP|SSL|curl|pq|PQ|redis|archive)_\w+")


def layer_of(relative):
    """Layer of a file by its path below the top, and the name of its engine or sink if it is one."""
    parts = relative.parts
    if parts[0] == "capi":
        return "capi", ""
    if parts[0] == "include":
        return "public", ""
    if parts[0] != "src" or len(parts) < 3:
        return "", ""
    if parts[1] == "engines":
        return "engine", parts[2]
    if parts[1] == "sinks":
        return ("wrap", "wrap") if parts[2] == "wrap" else ("sink", parts[2])
    return parts[1], ""


def target_of(included, relative, root):
    """Path below the top of the project file that an #include "..." means, or None when it is none of ours."""
    for start in (root / relative.parent, root / "src", root / "include"):
        candidate = (start / included).resolve()
        if candidate.is_file() and candidate.is_relative_to(root.resolve()):
            return candidate.relative_to(root.resolve())
    return None


def fault_of_public(included, quoted):
    if included.startswith("dbsnap/"):
        return None
    if quoted or included not in STANDARD_HEADERS:
        return f"a public header includes {included}, which a consumer may not have"
    return None


def fault_of_private(relative, layer, name, included, root):
    target = target_of(included, relative, root)
    if target is None:
        first = included.split("/", 1)[0]
        if first in PRIVATE_FOLDERS or first == "dbsnap":
            return f"{included} does not exist"
        return None
    other, other_name = layer_of(target)
    if other == "public" or not other:
        return None
    if layer == "capi":
        return None if other == "capi" else f"capi includes {included}: it may include dbsnap/*.hpp only"
    if other == layer and other_name == name:
        return None
    if other in ALLOWED[layer]:
        return None
    who = f"{layer} {name}" if name else layer
    if layer == "cli":
        return f"cli includes {included}: it may include dbsnap/*.hpp only"
    return (
        f"{who} includes {included}: {layer} may use {', '.join(sorted(ALLOWED[layer])) or 'nothing'} and dbsnap/*.hpp"
    )


def faults_of_file(path, root):
    relative = path.relative_to(root)
    layer, name = layer_of(relative)
    if not layer:
        return
    if layer not in ALLOWED and layer not in ("capi", "public"):
        yield f"{relative}:1: src/{layer} is no layer of the design"
        return
    in_comment = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            quoted, included = match.group(1) == '"', match.group(2)
            if layer == "public":
                fault = fault_of_public(included, quoted)
            elif quoted or included.startswith("dbsnap/") or included.split("/", 1)[0] in PRIVATE_FOLDERS:
                fault = fault_of_private(relative, layer, name, included, root)
            else:
                fault = None
            if fault:
                yield f"{relative}:{number}: {fault}"
        elif layer == "public":
            code = line.split("//", 1)[0]
            in_comment, code = strip_block_comment(in_comment, code)
            foreign = FOREIGN_NAMES.search(code)
            if foreign:
                yield f"{relative}:{number}: a public header names {foreign.group(0)}"


def strip_block_comment(inside, code):
    if inside:
        head, end, tail = code.partition("*/")
        return (True, "") if not end else strip_block_comment(False, tail)
    head, start, tail = code.partition("/*")
    if not start:
        return False, code
    inside, rest = strip_block_comment(True, tail)
    return inside, head + rest


def source_files(root):
    for folder in ("include", "src", "capi"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in SOURCE_SUFFIXES:
                yield path


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    root = parser.parse_args(arguments).root.resolve()
    files = list(source_files(root))
    if not files:
        print(f"no source files under {root}", file=sys.stderr)
        return 1
    faults = [fault for path in files for fault in faults_of_file(path, root)]
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(faults)} forbidden includes")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
