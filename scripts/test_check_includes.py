"""The include check accepts the good tree and names every kind of forbidden arrow."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_includes

GOOD_TREE = {
    "include/dbsnap/sink.hpp": "#pragma once\n#include <string>\nnamespace dbsnap { class Sink; }\n",
    "include/dbsnap/engines/sqlite.hpp": '#pragma once\n#include "dbsnap/sink.hpp"\nstruct sqlite3;\n',
    "src/base/hash.hpp": "#pragma once\n#include <openssl/evp.h>\n",
    "src/base/hash.cpp": '#include "base/hash.hpp"\n',
    "src/format/frame.hpp": '#include "base/hash.hpp"\n#include "dbsnap/sink.hpp"\n',
    "src/repo/open.cpp": '#include "format/frame.hpp"\n#include "base/hash.hpp"\n',
    "src/repo/open.hpp": "#pragma once\n",
    "src/ops/job.cpp": '#include "repo/open.hpp"\n',
    "src/engines/sqlite/reader.hpp": "#include <sqlite3.h>\n",
    "src/engines/sqlite/engine.cpp": '#include "reader.hpp"\n#include "base/hash.hpp"\n',
    "src/sinks/local/sink.cpp": '#include "dbsnap/sink.hpp"\n',
    "src/sinks/local/sink.hpp": "#pragma once\n",
    "src/sinks/wrap/retry.cpp": '#include "dbsnap/sink.hpp"\n',
    "src/cli/cmd_list.cpp": '#include "cmd.hpp"\n#include "dbsnap/sink.hpp"\n#include <CLI/CLI.hpp>\n',
    "src/cli/cmd.hpp": "#pragma once\n",
    "capi/include/dbsnap.h": "#include <stddef.h>\n",
    "capi/src/error.hpp": "#pragma once\n",
    "capi/src/error.cpp": '#include "error.hpp"\n#include "dbsnap/sink.hpp"\n',
}


class IncludeCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dbsnap-includes-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name, text in GOOD_TREE.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = check_includes.main([str(self.root)])
        return status, out.getvalue()

    def refuses(self, name, text, words):
        self.write(name, text)
        status, output = self.check()
        self.assertEqual(status, 1, output)
        self.assertIn(words, output)
        self.assertTrue(output.startswith(name + ":"), output)

    def test_a_tree_that_keeps_the_arrows_passes(self):
        status, output = self.check()
        self.assertEqual(status, 0, output)
        self.assertIn(f"{len(GOOD_TREE)} files, 0 forbidden", output)

    def test_base_uses_no_other_layer(self):
        self.refuses("src/base/hash.cpp", '#include "format/frame.hpp"\n', "base includes format/frame.hpp")

    def test_format_does_not_use_repo(self):
        self.refuses("src/format/frame.cpp", '#include "repo/open.hpp"\n', "format includes repo/open.hpp")

    def test_repo_does_not_use_ops(self):
        self.write("src/ops/job.hpp", "")
        self.refuses("src/repo/open.cpp", '#include "ops/job.hpp"\n', "repo includes ops/job.hpp")

    def test_an_engine_does_not_use_the_repository(self):
        self.refuses(
            "src/engines/sqlite/engine.cpp", '#include "repo/open.hpp"\n', "engine sqlite includes repo/open.hpp"
        )

    def test_a_relative_path_is_no_way_around_the_arrows(self):
        self.refuses(
            "src/engines/sqlite/engine.cpp", '\n#include "../../repo/open.hpp"\n', "engine sqlite includes ../../repo"
        )

    def test_angle_brackets_are_no_way_around_the_arrows(self):
        self.refuses(
            "src/engines/sqlite/engine.cpp", "#include <repo/open.hpp>\n", "engine sqlite includes repo/open.hpp"
        )

    def test_an_engine_does_not_use_a_sink(self):
        self.refuses(
            "src/engines/sqlite/engine.cpp", '#include "sinks/local/sink.hpp"\n', "engine sqlite includes sinks"
        )

    def test_an_engine_does_not_use_another_engine(self):
        self.refuses("src/engines/redis/engine.cpp", '#include "engines/sqlite/reader.hpp"\n', "engine redis includes")

    def test_a_sink_does_not_use_format(self):
        self.refuses(
            "src/sinks/local/sink.cpp", '#include "format/frame.hpp"\n', "sink local includes format/frame.hpp"
        )

    def test_the_program_sees_public_headers_only(self):
        self.refuses("src/cli/cmd_list.cpp", '#include "base/hash.hpp"\n', "cli includes base/hash.hpp")

    def test_the_c_library_sees_public_headers_only(self):
        self.refuses("capi/src/error.cpp", '#include "repo/open.hpp"\n', "capi includes repo/open.hpp")

    def test_a_public_header_includes_no_third_party_header(self):
        self.refuses("include/dbsnap/sink.hpp", "#include <sqlite3.h>\n", "a public header includes sqlite3.h")

    def test_a_public_header_includes_no_private_header(self):
        self.refuses("include/dbsnap/sink.hpp", '#include "base/hash.hpp"\n', "a public header includes base/hash.hpp")

    def test_a_public_header_names_no_third_party_type(self):
        self.refuses("include/dbsnap/sink.hpp", "namespace nlohmann {}\nnlohmann::json value();\n", "names nlohmann::")

    def test_a_header_that_does_not_exist_is_named(self):
        self.refuses("src/repo/open.cpp", '#include "format/gone.hpp"\n', "format/gone.hpp does not exist")

    def test_an_unknown_layer_is_named(self):
        self.refuses("src/util/misc.cpp", "", "src/util is no layer")

    def test_an_empty_tree_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(check_includes.main([folder]), 1)


if __name__ == "__main__":
    unittest.main()
