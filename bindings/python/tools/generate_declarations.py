"""Turns dbsnap.h into the declarations module that cffi loads, so that no declaration is ever copied by hand.

Usage: generate_declarations.py HEADER OUTPUT
"""

import re
import sys
from pathlib import Path

from cffi import FFI


def declarations_of(header: str) -> str:
    """The header without comments, preprocessor lines, `extern "C"` and the export macro."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.S)
    numbers = re.findall(r"^#define (DBSNAP_VERSION_[A-Z]+) (\d+)$", text, flags=re.M)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    text = text.replace("DBSNAP_C_API ", "")
    return "".join(f"#define {name} {value}\n" for name, value in numbers) + text


def main() -> None:
    header, output = sys.argv[1:]
    ffi = FFI()
    ffi.cdef(declarations_of(Path(header).read_text(encoding="utf-8")))
    ffi.set_source("dbsnap._declarations", None)
    ffi.emit_python_code(output)


if __name__ == "__main__":
    main()
