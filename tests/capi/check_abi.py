"""Compares the ABI that dbsnap.h declares with the committed description of it (capi/abi/dbsnap.abi).

A library of empty functions is compiled from the header, so that the description holds what C callers see and nothing
of the C++ behind it. New functions are fine; anything else that differs breaks programs that were built before.

Usage: check_abi.py HEADER DESCRIPTION COMPILER [--update]
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def stub_of(header: str) -> str:
    """A C file that defines every function of the header."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    functions = re.findall(r"^DBSNAP_C_API\s+([^;]+\));", text, flags=re.M)
    if len(functions) < 100:
        sys.exit(f"found only {len(functions)} functions: this script no longer understands the header")
    bodies = "".join(f"{function} {{ abort(); }}\n" for function in functions)
    return f"#include <dbsnap.h>\n#include <stdlib.h>\n{bodies}"


def compile_stub(header: Path, compiler: str, folder: Path) -> Path:
    source, library = folder / "stub.c", folder / "libdbsnap.so"
    source.write_text(stub_of(header.read_text()))
    include = f"-I{header.parent.resolve()}"
    command = [compiler, "-std=c99", "-g", "-shared", "-fPIC", "-w", include, source.name, "-o", library.name]
    subprocess.run(command, check=True, cwd=folder)
    return library


def main() -> None:
    header, description, compiler = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="dbsnap-abi-") as folder:
        library = compile_stub(header, compiler, Path(folder))
        if "--update" in sys.argv[4:]:
            hide = ["--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--no-architecture", "--no-elf-needed"]
            subprocess.run(["abidw", *hide, "--out-file", str(description), str(library)], check=True)
            return
        done = subprocess.run(
            ["abidiff", "--no-added-syms", "--no-architecture", str(description), str(library)],
            capture_output=True,
            text=True,
        )
    print(done.stdout + done.stderr, end="")
    if done.returncode != 0:
        print(f"the ABI of dbsnap.h is not the one in {description}; when that is meant: {sys.argv[0]} ... --update")
    sys.exit(1 if done.returncode != 0 else 0)


if __name__ == "__main__":
    main()
