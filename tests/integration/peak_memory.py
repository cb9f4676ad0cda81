"""Peak memory of the program, as the kernel measures it."""

KIB_PER_MIB = 1024

MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def measured(repository, *arguments):
    """Runs the program; what it printed and its peak memory in MiB."""
    result = repository.ok(*arguments, wrap=("python3", "-c", MEASURED))
    return result.out.strip(), int(result.err.strip().split("\n")[-1]) / KIB_PER_MIB
