"""The document check compiles what is shown, looks commands up in the program's help, and follows links."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_docs

PROGRAM = """#!/bin/sh
case "$1" in
  backup) echo "usage: dbsnap backup SOURCE --tag T --read-limit N" ;;
  *) exit 2 ;;
esac
"""


class DocumentCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dbsnap-docs-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "include").mkdir()
        self.program = self.root / "dbsnap"
        self.program.write_text(PROGRAM, encoding="utf-8")
        self.program.chmod(0o755)

    def check(self, text):
        (self.root / "page.md").write_text(text, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = check_docs.main(["--program", str(self.program), "--root", str(self.root)])
        return status, out.getvalue()

    def assert_passes(self, text, count=1):
        status, output = self.check(text)
        self.assertEqual(status, 0, output)
        self.assertIn(f"{count} passed, 0 failed", output)

    def assert_fails(self, text, words):
        status, output = self.check(text)
        self.assertEqual(status, 1, output)
        self.assertIn(words, output)
        self.assertIn("page.md:", output)

    def test_a_program_that_compiles_passes(self):
        self.assert_passes("```cpp\n#include <string>\nint main() { return std::string().empty() ? 0 : 1; }\n```\n")

    def test_a_program_that_does_not_compile_fails(self):
        self.assert_fails("```c\n#include <stdio.h>\nint main(void) { return gone(); }\n```\n", "gone")

    def test_a_known_command_passes(self):
        self.assert_passes("```sh\ndbsnap backup sqlite:///x.db --tag nightly   # --not-an-option\n```\n")

    def test_an_unknown_verb_fails(self):
        self.assert_fails("```sh\n$ dbsnap frobnicate\n```\n", "no verb frobnicate")

    def test_an_unknown_option_fails_also_on_a_continued_line(self):
        self.assert_fails("```sh\ndbsnap backup x \\\n  --gone\n```\n", "no option --gone")

    def test_the_beginning_of_an_option_is_not_that_option(self):
        self.assert_fails("```sh\ndbsnap backup x --read\n```\n", "no option --read")

    def test_broken_python_fails(self):
        self.assert_fails("```python\nwith open(:\n```\n", "Python")

    def test_a_link_to_a_file_that_is_there_passes(self):
        self.assert_passes("[this](page.md#top) and [that](https://example.org)\n")

    def test_a_dead_link_fails(self):
        self.assert_fails("see [this](gone.md)\n", "gone.md leads nowhere")

    def test_documents_without_anything_to_check_are_a_failure(self):
        self.assertEqual(self.check("nothing here\n")[0], 1)


if __name__ == "__main__":
    unittest.main()
