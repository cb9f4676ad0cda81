"""The steps of the gate, in the order in which they run: what is quick to fail comes first."""

import json
import os
import pathlib
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import testcount
from gate_run import Step, StepFailed
from testcount import Counts

NOTHING_COUNTED = Counts()
# Each of these must have tests; a suite that vanishes is a failure.
REQUIRED_SUITES = ("unit", "repository", "conformance", "fault", "chaos", "integration", "capi", "fuzz-corpus", "s3")
QUICK_SUITES = ("unit", "repository", "conformance")
# Other processes and servers, and waits that are counted in seconds: the sanitizers would only make them slower. The
# program is not built for them either.
NOT_SANITIZED = ("chaos", "integration")
SANITIZED_SUITES = tuple(suite for suite in REQUIRED_SUITES if suite not in NOT_SANITIZED)
# With this beside Release the library, the program, the wheel and a consumer's build from sources are compiled with the
# same flags as the preset check: a compiler cache compiles them once.
AS_CHECKED = "-DDBSNAP_WERROR=ON"
FORMATTED_FOLDERS = ("include", "src", "capi", "tests", "fuzz", "benchmarks", "examples")
PYTHON_TEST_PACKAGES = ("pytest", "hypothesis", "cffi", "psycopg[binary]", "asyncssh")
OUTPUT_BYTES = str(64 * 1024 * 1024)
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def files_below(root, folders, suffixes):
    return [
        path
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in suffixes and path.is_file() and "build" not in path.relative_to(root).parts
    ]


def check_format(job):
    files = files_below(job.root, FORMATTED_FOLDERS, {".hpp", ".cpp", ".h", ".c"})
    if not files:
        raise StepFailed("no files to check")
    ok, text = job.try_run("clang-format", "--dry-run", "--Werror", *files)
    if not ok:
        bad = sorted(
            {os.path.relpath(name, job.root) for name in re.findall(r"^(/[^:\n]+):\d+:\d+: error", text, re.M)}
        )
        raise StepFailed(f"run clang-format -i on: {' '.join(bad) or 'see the log'}")
    return NOTHING_COUNTED


def check_words(job):
    job.run("python3", "scripts/check_words.py")
    return NOTHING_COUNTED


def check_includes(job):
    job.run("python3", "scripts/check_includes.py")
    return NOTHING_COUNTED


def test_scripts(job):
    ok, text = job.try_run("python3", "-m", "unittest", "discover", "-s", "scripts", "-p", "test_*.py")
    return counted(text, ok)


def test_model(job):
    """Walks through the protocol of docs/concurrency.md; the log has the number of states."""
    ok, text = job.try_run("python3", "-m", "unittest", "discover", "-s", "tests/model", "-p", "test_*.py")
    return counted(text, ok)


def counted(text, ok):
    counts = testcount.of_outcome(text, ok)
    if counts == NOTHING_COUNTED:
        raise StepFailed("no test case ran")
    return counts


def prepare_python(job):
    """Makes the folder of Python packages that the tests use, apart from the system's."""
    venv = job.root / "build/venv"
    if not (venv / "bin/python").exists():
        job.run("python3", "-m", "venv", venv)
    job.run(job.python, "-m", "pip", "install", "-q", *PYTHON_TEST_PACKAGES)
    return NOTHING_COUNTED


def build(preset, *options):
    def action(job):
        job.run("cmake", "--preset", preset, *options)
        job.run("cmake", "--build", "--preset", preset, "-j", job.jobs, timeout_s=3000)
        return NOTHING_COUNTED

    return action


def build_release(job):
    build("release", AS_CHECKED)(job)
    for product in ("bin/dbsnap", "lib/libdbsnap.so"):
        if not (job.root / "build/release" / product).exists():
            raise StepFailed(f"the build left no build/release/{product}")
    return NOTHING_COUNTED


def tests_by_label(job, preset):
    """Label -> names of the tests that carry it."""
    text = job.run("ctest", "--preset", preset, "--show-only=json-v1")
    labels = {}
    for test in json.loads(text[text.index("{") :])["tests"]:
        for entry in test.get("properties", ()):
            if entry["name"] == "LABELS":
                for label in entry["value"]:
                    labels.setdefault(label, []).append(test["name"])
    return labels


def suites(preset, required, only=None, without=None, env=None, timeout_s=2400):
    """Runs the suites of a build by their ctest labels; each of `required` must be there and have tests."""

    def action(job):
        missing = sorted(set(required) - set(tests_by_label(job, preset)))
        if missing:
            raise StepFailed(f"suites without a test: {', '.join(missing)}")
        chosen = [*(["-L", only] if only else []), *(["-LE", without] if without else [])]
        result = job.log_path.with_suffix(".xml")
        result.unlink(missing_ok=True)
        ok, _ = job.try_run(
            *("ctest", "--preset", preset, *chosen, "-j", job.jobs, "--no-tests=error", "--timeout", "1200"),
            *("--output-junit", result),
            *("--test-output-size-passed", OUTPUT_BYTES, "--test-output-size-failed", OUTPUT_BYTES),
            timeout_s=timeout_s,
            env=env,
        )
        if not result.exists():
            raise StepFailed("ctest left no results")
        total, failed = NOTHING_COUNTED, []
        for name, counts in testcount.of_ctest_junit(result):
            job.say(f"   {name:24} {counts}")
            total += counts
            failed += [name] if counts.failed else []
        if failed or not ok or total == NOTHING_COUNTED:
            raise StepFailed(f"failed: {', '.join(failed) or 'ctest'}", total)
        return total

    return action


def test_python(job):
    job.run(
        *(job.python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", "./bindings/python"),
        # Compilers, flags and depth of the release build, so that ccache has all of it already.
        *("-C", f"build-dir={job.root / 'build/python'}", "-C", "cmake.define.DBSNAP_WERROR=ON"),
        env={"CC": "cc", "CXX": "c++"},
        timeout_s=1500,
    )
    # Away from the source folder, so that the installed package is the one that is tested.
    ok, text = job.try_run(
        *(job.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", job.root / "bindings/python/tests"),
        cwd=job.log_path.parent,
    )
    return counted(text, ok)


def run_script(*command, timeout_s=1800):
    def action(job):
        ok, text = job.try_run(*command, timeout_s=timeout_s)
        return counted(text, ok)

    return action


def run_examples(job):
    """Builds each example as the program of a stranger would be, against an installed dbsnap, and runs it."""
    prefix = job.root / "build/gate/prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    job.run("cmake", "--install", "build/release", "--prefix", prefix)
    total, failed = NOTHING_COUNTED, []
    for name in ("cpp", "c", "python"):
        with tempfile.TemporaryDirectory(prefix="dbsnap-example-") as folder:
            if name == "python":
                ok, _ = job.try_run(job.python, "examples/python/order_service.py", folder, timeout_s=300)
            else:
                build_folder = job.root / f"build/gate/example-{name}"
                configure = (
                    "cmake",
                    "-S",
                    f"examples/{name}",
                    "-B",
                    build_folder,
                    "-G",
                    "Ninja",
                    f"-DCMAKE_PREFIX_PATH={prefix}",
                )
                ok = (
                    job.try_run(*configure)[0]
                    and job.try_run("cmake", "--build", build_folder)[0]
                    and job.try_run(build_folder / "order-service", folder, timeout_s=300)[0]
                )
            ok = ok and pathlib.Path(folder, "restored.db").exists()
        total += Counts(1, 0) if ok else Counts(0, 1)
        failed += [] if ok else [name]
    if failed:
        raise StepFailed(f"failed: {', '.join(failed)}", total)
    return total


def check_tidy(job):
    """clang-tidy over the product's own code, one file per process."""
    database = job.root / "build/check"
    files = files_below(job.root, ("src", "capi"), {".cpp"})
    if not files:
        raise StepFailed("no files to check")
    tidy = shutil.which("clang-tidy")
    if not tidy:
        raise StepFailed("there is no clang-tidy")

    def tidy_one(path):
        return path, *job.capture(tidy, "-p", database, "--quiet", "--extra-arg=-Wno-error", path)

    bad = []
    with ThreadPoolExecutor(job.jobs) as pool:
        for path, ok, text in pool.map(tidy_one, files):
            if not ok:
                bad.append(str(path.relative_to(job.root)))
                job.log.write(text)
    job.log.write(f"{len(files)} files, {len(bad)} with findings\n")
    if bad:
        raise StepFailed(f"clang-tidy: {', '.join(bad)}")
    return NOTHING_COUNTED


def smoke_benchmarks(job):
    """Shows that the benchmarks run; no time is judged."""
    results = job.root / "build/gate/benchmarks"
    job.run("python3", "benchmarks/run.py", "--size", "small", "--output", results, timeout_s=900)
    return Counts(1, 0)


def check_docs(job):
    program = job.root / "build/release/bin/dbsnap"
    ok, text = job.try_run(job.python, "scripts/check_docs.py", "--program", program)
    return counted(text, ok)


FORMAT = Step("format", "clang-format leaves every file as it is", check_format)
WORDS = Step("words", "no left-over markers, no paths of one machine", check_words)
INCLUDES = Step("includes", "the arrows between the layers", check_includes)
# Beside the builds and suites: what mostly uses one core.
ASIDE = "aside"
SCRIPTS = Step("scripts", "tests of the checks themselves", test_scripts, lane=ASIDE)
MODEL = Step("model", "every interleaving of writers and prunes in small worlds", test_model, lane=ASIDE)
VENV = Step("venv", "Python packages for the tests", prepare_python, lane=ASIDE)


def quick_steps():
    only = f"^({'|'.join(QUICK_SUITES)})$"
    build_step = Step("build", "preset dev, warnings as errors", build("dev"))
    suite_step = Step("suites", ", ".join(QUICK_SUITES), suites("dev", QUICK_SUITES, only=only), ("build",))
    return [FORMAT, WORDS, INCLUDES, build_step, suite_step]


def steps_with_release():
    """What needs the release build; it comes out of the compiler cache, and so do the wheel and the consumer's build."""
    quickstart = run_script("bash", "scripts/quickstart.sh")
    consumer = run_script("bash", "tests/consumer/run.sh", "build/release", AS_CHECKED)
    return [
        Step("quickstart", "the README's first command", quickstart, ("release",), ASIDE),
        Step("python", "the Python package, installed by pip", test_python, ("venv", "release"), ASIDE),
        Step("consumer", "find_package, pkg-config, sources fetched by CMake", consumer, ("release",), ASIDE),
        Step("examples", "C++, C and Python examples", run_examples, ("release", "python"), ASIDE),
        Step("docs", "code and commands in the documents", check_docs, ("release", "python"), ASIDE),
        Step("benchmarks", "the benchmarks run on small data", smoke_benchmarks, ("release",), ASIDE),
    ]


def all_steps():
    not_sanitized = f"^({'|'.join(NOT_SANITIZED)})$"
    sanitized = suites("asan", SANITIZED_SUITES, without=not_sanitized, env=SANITIZER_ENVIRONMENT)
    fuzzers = run_script("bash", "fuzz/run.sh", "--corpus-only")
    return [
        FORMAT,
        WORDS,
        INCLUDES,
        SCRIPTS,
        MODEL,
        VENV,
        Step("build", "preset check, warnings as errors", build("check")),
        Step("release", "preset release: the program and the C library", build_release, ("build",)),
        *steps_with_release(),
        Step("suites", "all of them", suites("check", REQUIRED_SUITES), ("build", "venv")),
        Step("asan", "preset asan: address and undefined-behaviour sanitizers", build("asan")),
        Step("asan-suites", "what needs no other process, under the sanitizers", sanitized, ("asan", "venv")),
        Step("fuzz", "the fuzzers, built by clang, over their seeds", fuzzers),
        Step("tidy", "clang-tidy over src and capi", check_tidy, ("build",)),
    ]
