"""The steps of the gate, in the order in which they run: what is quick to fail comes first."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import testcount
from gate_run import Step, StepFailed
from testcount import Counts

NOTHING_COUNTED = Counts()
# Each of these must have tests; a suite that vanishes is a failure.
DEV_SUITES = ("unit", "conformance", "fault", "integration", "capi")
SANITIZED_SUITES = ("unit", "conformance", "fault", "capi")
FORMATTED_FOLDERS = ("include", "src", "capi", "tests", "fuzz", "benchmarks", "examples")
PYTHON_TEST_PACKAGES = ("pytest", "hypothesis", "cffi")
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
    job.run("clang-format", "--dry-run", "--Werror", *files)
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
    build("release")(job)
    for product in ("bin/dbsnap", "lib/libdbsnap.so"):
        if not (job.root / "build/release" / product).exists():
            raise StepFailed(f"the build left no build/release/{product}")
    return NOTHING_COUNTED


def suites(preset, labels, env=None, timeout_s=1500):
    """Runs the ctest suites with these labels, each of which must have tests."""

    def action(job):
        total, failed = NOTHING_COUNTED, []
        for label in labels:
            result = job.log_path.with_suffix(f".{label}.xml")
            result.unlink(missing_ok=True)
            ok, _ = job.try_run(
                *("ctest", "--preset", preset, "-L", f"^{label}$", "-j", job.jobs, "--no-tests=error"),
                *("--timeout", "900", "--output-junit", result),
                *("--test-output-size-passed", OUTPUT_BYTES, "--test-output-size-failed", OUTPUT_BYTES),
                timeout_s=timeout_s,
                env=env,
            )
            if not result.exists():
                raise StepFailed(f"the suite {label} did not run", total)
            counts, names = testcount.of_ctest_junit(result)
            print(f"   {label}: {counts}" + (f": {', '.join(names)}" if names else ""), flush=True)
            if counts == NOTHING_COUNTED or (not ok and not counts.failed):
                counts += Counts(0, 1)
            total += counts
            failed += names
        if failed:
            raise StepFailed(f"failed: {', '.join(failed)}", total)
        return total

    return action


def test_python(job):
    job.run(job.python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", "./bindings/python", timeout_s=1500)
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


def check_tidy(job):
    """clang-tidy over the product's own code, one file per process."""
    database = job.root / "build/dev"
    files = files_below(job.root, ("src", "capi"), {".cpp"})
    if not files:
        raise StepFailed("no files to check")
    tidy = shutil.which("clang-tidy")
    if not tidy:
        raise StepFailed("there is no clang-tidy")

    def tidy_one(path):
        done = subprocess.run(
            [tidy, "-p", str(database), "--quiet", str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=job.root,
            check=False,
        )
        return path, done.returncode, done.stdout + (done.stderr if done.returncode else "")

    bad = []
    with ThreadPoolExecutor(job.jobs) as pool:
        for path, status, text in pool.map(tidy_one, files):
            if status:
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
SCRIPTS = Step("scripts", "tests of the checks themselves", test_scripts)
VENV = Step("venv", "Python packages for the tests", prepare_python)
BUILD = Step("build", "preset dev, warnings as errors", build("dev"))


def quick_steps():
    quick = ("unit", "conformance")
    return [FORMAT, WORDS, INCLUDES, BUILD, Step("suites", " and ".join(quick), suites("dev", quick), ("build",))]


def all_steps():
    return [
        FORMAT,
        WORDS,
        INCLUDES,
        SCRIPTS,
        VENV,
        BUILD,
        Step("suites", ", ".join(DEV_SUITES), suites("dev", DEV_SUITES), ("build", "venv")),
        Step("release", "preset release: the program and the C library", build_release),
        Step("quickstart", "the README's first command", run_script("bash", "scripts/quickstart.sh"), ("release",)),
        Step("python", "the Python package, installed by pip", test_python, ("venv",)),
        Step("consumer", "find_package, pkg-config, add_subdirectory", run_script("bash", "tests/consumer/run.sh"), ("release",)),
        Step("examples", "C++, C and Python examples", run_script("bash", "examples/run.sh"), ("release", "python")),
        Step("docs", "code and commands in the documents", check_docs, ("release", "venv")),
        Step("asan", "preset asan: address and undefined-behaviour sanitizers", build("asan")),
        Step(
            "asan-suites",
            ", ".join(SANITIZED_SUITES) + " under the sanitizers",
            suites("asan", SANITIZED_SUITES, SANITIZER_ENVIRONMENT),
            ("asan",),
        ),
        Step("fuzz", "every decoder over its seed corpus, sanitized", run_script("bash", "fuzz/run.sh", "--corpus-only")),
        Step("tidy", "clang-tidy over src and capi", check_tidy, ("build",)),
        Step("benchmarks", "the benchmarks run on small data", smoke_benchmarks, ("release",)),
    ]
