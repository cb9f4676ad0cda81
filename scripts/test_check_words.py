"""The word check finds what it forbids and leaves innocent text alone."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_words


class WordCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dbsnap-words-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def check(self, text, name="docs/page.md"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = check_words.main([str(self.root)])
        return status, out.getvalue()

    def assert_found(self, text, words):
        status, output = self.check(text)
        self.assertEqual(status, 1, text)
        self.assertIn(words, output)
        self.assertIn("page.md:1:", output)

    def test_innocent_text_passes(self):
        for text in (
            "a network share, the framework/work folder, said and aim, /home/me/work/app\n",
            "mktemp /tmp/dbsnap.XXXXXX and ${root}/work\n",
            "the farm is far; maintain, contain; hackle; todos los dias\n",
            "https://example.org/todo and pypi packages\n",
        ):
            status, output = self.check(text)
            self.assertEqual(status, 0, output)

    def test_a_marker_is_found(self):
        for marker in check_words.MARKERS:
            self.assert_found(f"// {marker}: later\n", "left-over marker")

    def test_a_path_of_one_machine_is_found(self):
        for folder in check_words.FOLDERS:
            self.assert_found(f"cd /{folder}/main\n", "path of one machine")
            self.assert_found(f"see `/{folder}`\n", "path of one machine")

    def test_an_address_of_a_registry_is_found(self):
        self.assert_found("fetch https://" + "py" + "pi.org/simple\n", "registry's address")
        self.assert_found("from registry." + "npm" + "js.org\n", "registry's address")

    def test_a_mention_of_a_writing_tool_is_found(self):
        self.assert_found("written with an " + "A" + "I\n", "writing tool")
        self.assert_found("by " + "Clau" + "de\n", "writing tool")

    def test_a_forbidden_file_name_is_found(self):
        status, output = self.check("fine\n", name="docs/" + "TO" + "DO.md")
        self.assertEqual(status, 1)
        self.assertIn("its name is", output)

    def test_binary_files_and_build_folders_are_left_alone(self):
        self.assertEqual(self.check("TO" + "DO\n", name="build/x.txt")[0], 1, "an otherwise empty tree is a failure")
        self.assertEqual(self.check("\0" + "TO" + "DO\n", name="tests/golden/object.bin")[0], 0)

    def test_the_project_itself_is_spelled_so_that_it_passes(self):
        for name in ("check_words.py", "test_check_words.py"):
            text = pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8")
            faults = [fault for line in text.splitlines() for fault in check_words.faults_of_line(line)]
            self.assertEqual(faults, [])


if __name__ == "__main__":
    unittest.main()
