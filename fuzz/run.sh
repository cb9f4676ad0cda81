#!/usr/bin/env bash
# Builds the fuzzers (clang, sanitized) and runs them. Ends with "N passed, N failed", one case per fuzzer.
#
#   fuzz/run.sh --corpus-only            every seed once, no mutation: the same result each time
#   fuzz/run.sh [--seconds N] [NAME…]    fuzzes for N seconds each (default 60), from the seeds and earlier finds
#
# Inputs that crash are left in build/fuzz/crashes, new interesting ones in build/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
preset=fuzz
names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --corpus-only) seconds=0; preset=fuzz-corpus ;;
    --seconds) seconds="${2:?run.sh: --seconds needs a number}"; shift ;;
    -*) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done

if command -v ccache >/dev/null; then export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
cmake --preset "$preset"
cmake --build --preset "$preset"

if [ "${#names[@]}" -eq 0 ]; then
  for program in "build/$preset"/bin/fuzz-*; do
    [ ! -x "$program" ] || names+=("${program##*/fuzz-}")
  done
fi

passed=0 failed=0
for name in "${names[@]}"; do
  seeds="fuzz/corpus/$name"
  finds="build/fuzz/corpus/$name"
  crashes="build/fuzz/crashes/$name"
  mkdir -p "$finds" "$crashes"
  if [ -z "$(ls -A "$seeds" 2>/dev/null)" ]; then
    echo "== $name: there are no seeds in $seeds"
    failed=$((failed + 1))
    continue
  fi
  if [ "$seconds" -eq 0 ]; then
    options=(-runs=0 "$seeds")
  else
    options=(-max_total_time="$seconds" -use_value_profile=1 "$finds" "$seeds")
  fi
  echo "== $name: $(find "$seeds" -type f | wc -l) seeds, $seconds s"
  if "build/$preset/bin/fuzz-$name" -artifact_prefix="$crashes/" -timeout=25 -rss_limit_mb=2048 "${options[@]}" 2>&1 | tail -n 40; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done

# No fuzzers at all is a failure too.
[ $((passed + failed)) -gt 0 ] || failed=1
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
