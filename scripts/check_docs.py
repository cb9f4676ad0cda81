#!/usr/bin/env python3
"""Checks what the documents show: programs compile, commands and their options exist, links lead somewhere.

    scripts/check_docs.py --program build/release/bin/dbsnap

C and C++ blocks that begin with #include are compiled, Python blocks are parsed and the names that they take from the
installed package are looked up, `dbsnap VERB --option` in shell blocks is compared with the program's own help. The
last line is "N passed, N failed".
"""

import argparse
import ast
import importlib
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED_FOLDERS = {".git", "build", "__pycache__", "data", "results", ".pytest_cache", "dist"}
FENCE = re.compile(r"^(\s*)```+\s*(\S*)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"^\s*(?:[$#] )?(?:[A-Z_]+=\S+ )*dbsnap ([a-z]+)\b(.*)$")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
COMPILERS = {
    "cpp": ("g++", "-std=c++20", ".cpp"),
    "c++": ("g++", "-std=c++20", ".cpp"),
    "c": ("gcc", "-std=c99", ".c"),
}


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED_FOLDERS.intersection(path.relative_to(root).parts):
            yield path


def blocks(text):
    """(line number, language, code) of every fenced block; the prose is yielded as language None, line by line."""
    language, start, lines = None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and language is None:
            language, start, lines = fence.group(2) or "text", number, []
        elif fence and not fence.group(2):
            yield start, language, "\n".join(lines)
            language = None
        elif language is None:
            yield number, None, line
        else:
            lines.append(line)


class Checker:
    def __init__(self, root, program):
        self.root = root
        self.program = program
        self.helps = {}
        self.passed = self.failed = self.fragments = 0

    def record(self, place, fault):
        if fault:
            self.failed += 1
            print(f"{place}: {fault}")
        else:
            self.passed += 1

    def check(self, path):
        place = path.relative_to(self.root)
        for number, language, code in blocks(path.read_text(encoding="utf-8")):
            if language is None:
                for target in LINK.findall(code):
                    self.check_link(path, f"{place}:{number}", target)
            elif language in COMPILERS:
                self.check_compiled(f"{place}:{number}", language, code)
            elif language in ("python", "py"):
                self.record(f"{place}:{number}", fault_of_python(code))
            elif language in ("sh", "bash", "console", "shell"):
                self.check_shell(place, number, code)

    def check_link(self, path, place, target):
        if re.match(r"[a-z]+:|#", target):
            return
        there = (path.parent / target.split("#", 1)[0]).exists()
        self.record(place, None if there else f"the link {target} leads nowhere")

    def check_compiled(self, place, language, code):
        if not code.lstrip().startswith(("#include", "//", "/*")) or "#include" not in code:
            self.fragments += 1
            return
        compiler, standard, suffix = COMPILERS[language]
        with tempfile.TemporaryDirectory(prefix="dbsnap-docs-") as folder:
            file = pathlib.Path(folder, "example" + suffix)
            file.write_text(code + "\n", encoding="utf-8")
            done = subprocess.run(
                [
                    compiler,
                    standard,
                    "-Wall",
                    "-Wextra",
                    "-Wno-unused-parameter",
                    "-Wno-missing-field-initializers",
                    "-fsyntax-only",
                    f"-I{self.root / 'include'}",
                    f"-I{self.root / 'capi/include'}",
                    str(file),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        self.record(place, done.stderr.strip() if done.returncode or "warning:" in done.stderr else None)

    def check_shell(self, place, number, code):
        for offset, line in enumerate(code.replace("\\\n", "  ").splitlines(), 1):
            command = COMMAND.match(line.split(" #", 1)[0])
            if command:
                self.record(f"{place}:{number + offset}", self.fault_of_command(*command.groups()))

    def fault_of_command(self, verb, rest):
        known = self.help_of(verb)
        if known is None:
            return f"the program has no verb {verb}"
        inner = rest.split()[:1]
        if known.startswith(f"Usage: dbsnap {verb} VERB") and inner and not inner[0].startswith("-"):
            verb = f"{verb} {inner[0]}"
            known = self.help_of(verb)
            if known is None:
                return f"the program has no verb {verb}"
        missing = [option for option in OPTION.findall(rest) if not re.search(re.escape(option) + r"(?![\w-])", known)]
        return f"dbsnap {verb} has no option {', '.join(missing)}" if missing else None

    def help_of(self, verb):
        if verb not in self.helps:
            done = subprocess.run([self.program, *verb.split(), "--help"], capture_output=True, text=True, check=False)
            self.helps[verb] = done.stdout if done.returncode == 0 else None
        return self.helps[verb]


def fault_of_python(code):
    try:
        tree = ast.parse(code)
    except SyntaxError as failure:
        return f"Python: {failure}"
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dbsnap"
    }
    if not names:
        return None
    try:
        package = importlib.import_module("dbsnap")
    except ImportError as failure:
        return f"the Python package cannot be imported: {failure}"
    missing = sorted(name for name in names if not hasattr(package, name))
    return f"the Python package has no {', '.join(missing)}" if missing else None


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    options = parser.parse_args(arguments)
    checker = Checker(options.root.resolve(), options.program)
    for path in documents(checker.root):
        checker.check(path)
    print(f"{checker.fragments} fragments of C and C++ without an #include were not compiled")
    print(f"{checker.passed} passed, {checker.failed} failed")
    return 1 if checker.failed or not checker.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
