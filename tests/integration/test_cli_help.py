"""What needs no repository: help, usage errors, version, completion."""

import os
import re
import subprocess

import pytest

VERBS = [
    "init", "backup", "import", "restore", "export", "verify", "list", "show",
    "copy", "diff", "stats", "status", "prune", "forget", "unforget", "pin", "unpin", "key", "doctor", "completion",
    "version",
]  # fmt: skip


def test_the_main_help_lists_every_verb_and_fits_a_terminal(program):
    text = program.ok("--help").out
    for verb in VERBS:
        assert re.search(rf"^  {verb} +\S", text, re.MULTILINE), verb
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(program, verb):
    text = program.ok(verb, "--help").out
    assert text.startswith(f"Usage: dbsnap {verb}")
    examples = text.split("\nExamples:\n")[1]
    assert f"dbsnap {verb}" in examples
    assert max(len(line) for line in text.splitlines()) <= 100
    assert program.ok("help", verb).out == text


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_shown_in_an_example_exists(program, verb):
    text = program.ok(verb, "--help").out
    calls = re.findall(rf"dbsnap ({verb}\b[^|&;\n]*)", text.split("\nExamples:\n")[1])
    assert calls
    for call in calls:
        words = call.split()
        called = words[:2] if words[0] == "key" else words[:1]
        options = program.ok(*called, "--help").out.split("\nExamples:\n")[0]
        for option in re.findall(r"(?<=\s)--[a-z-]+", call):
            assert option in options, call


def test_running_without_a_verb_is_a_usage_error(program):
    assert "dbsnap --help" in program.fails(2, "invalid-argument").err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["bakup"], "dbsnap backup"),
        (["backup", "sqlite:///a.db", "--ini"], "dbsnap backup --init"),
        (["list", "surplus"], "dbsnap list --help"),
        (["backup"], "dbsnap backup --help"),
        (["backup", "sqlite:///a.db", "--level", "20"], "dbsnap backup --help"),
        (["verify", "--level", "deep"], "dbsnap verify --help"),
        (["prune", "--keep-last", "-1"], "dbsnap prune --help"),
        (["prune", "--keep-last", "many"], "dbsnap prune --help"),
        (["restore", "latest", "--at", "2026-01-01", "--to", "x"], "dbsnap restore"),
        (["restore", "latest"], "--to"),
        (["completion", "tcsh"], "dbsnap completion --help"),
    ],
)
def test_a_usage_error_ends_with_2_and_names_a_command_to_run(program, arguments, hint):
    result = program.fails(2, "invalid-argument", *arguments)
    assert result.out == ""
    assert re.search(rf"^  try: .*{re.escape(hint)}", result.err, re.MULTILINE), result


def test_a_usage_error_with_json_is_one_document(program):
    document = program.fails(2, "invalid-argument", "list", "--json", "surplus").document
    assert document["error"]["code"] == "invalid-argument"
    assert document["error"]["exit_code"] == 2


def test_a_verb_without_a_repository_says_how_to_name_one(program):
    assert "DBSNAP_REPO" in program.fails(2, "invalid-argument", "list").err


@pytest.mark.parametrize("size", ["x", "-1", "10Q", "1e999", "nan", ""])
def test_a_read_limit_that_is_no_size_is_refused(program, size):
    program.fails(2, "invalid-argument", "backup", "sqlite:///a.db", "-r", "r", f"--limit-read={size}")


@pytest.mark.parametrize("option", ["--limit-upload", "--limit-download"])
def test_a_traffic_limit_that_is_no_size_is_refused(program, option):
    program.fails(2, "invalid-argument", "list", "-r", "r", f"{option}=fast")


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-01-01T25:00:00Z"])
def test_a_time_that_is_none_is_refused(program, folder, text):
    program.ok("init", folder / "r", "--no-encryption")
    program.fails(2, "invalid-argument", "restore", "--at", text, "--to", folder / "x.db", "-r", folder / "r")


def test_version_names_what_was_built_in(program):
    document = program.ok("version", "--json").document
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["version"])
    assert document["repository_format"] >= 1
    names = {(component["kind"], component["name"]) for component in document["components"]}
    assert {("engine", "sqlite"), ("sink", "local")} <= names
    assert program.ok("--version").out == f"dbsnap {document['version']}\n"
    assert program.ok("version").out.startswith(f"dbsnap {document['version']}\n")


def test_output_that_cannot_be_written_is_an_error(program):
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = program.start("version", stdout=full)
        _, err = process.communicate()
    assert process.returncode == 6
    assert "error[no-space]: cannot write to standard output" in err


def bash_completions(program, script, *words):
    """What bash would offer for the last of `words`."""
    listing = " ".join(f"'{word}'" for word in words)
    command = (
        f"source {script}; COMP_WORDS=({listing}); COMP_CWORD={len(words) - 1}; _dbsnap; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=program.folder)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def bash_script(program, folder):
    script = folder / "completion.bash"
    script.write_text(program.ok("completion", "bash").out)
    return script


def test_the_bash_completion_parses(bash_script):
    subprocess.run(["bash", "-n", str(bash_script)], check=True)


def test_bash_completes_verbs_options_and_values(program, bash_script):
    assert bash_completions(program, bash_script, "dbsnap", "ba") == ["backup"]
    assert set(VERBS) <= set(bash_completions(program, bash_script, "dbsnap", ""))
    assert "--keep-daily" in bash_completions(program, bash_script, "dbsnap", "prune", "--keep-")
    assert bash_completions(program, bash_script, "dbsnap", "verify", "--level", "") == [
        "listing",
        "tables",
        "checksums",
        "packs",
        "frames",
        "data",
    ]
    assert bash_completions(program, bash_script, "dbsnap", "restore", "la") == ["latest"]


def test_bash_completes_the_verbs_of_a_verb(program, bash_script):
    assert bash_completions(program, bash_script, "dbsnap", "key", "re") == ["recovery", "remove"]
    assert "--label" in bash_completions(program, bash_script, "dbsnap", "key", "add", "--l")
    assert "--label" not in bash_completions(program, bash_script, "dbsnap", "key", "list", "--")


def test_bash_completes_folders_for_a_repository(program, bash_script, folder):
    (folder / "backups").mkdir()
    assert bash_completions(program, bash_script, "dbsnap", "list", "-r", "back") == ["backups"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_long_option_is_offered_by_every_completion(program, verb):
    text = program.ok(verb, "--help").out.split("\nExamples:\n")[0]
    options = set(re.findall(r"^ +(?:-\w, )?(?:--[a-z-]+,)?--([a-z-]+)", text, re.MULTILINE))
    assert options
    for shell in ("bash", "zsh", "fish"):
        script = program.ok("completion", shell).out
        for option in options:
            assert option in script, (shell, option)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_completion_of_other_shells_parses(program, folder, shell):
    script = folder / f"completion.{shell}"
    script.write_text(program.ok("completion", shell).out)
    subprocess.run([shell, "-n", str(script)], check=True, env={**os.environ, "HOME": str(folder)})
