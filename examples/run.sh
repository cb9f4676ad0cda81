#!/bin/bash
# Builds the examples against an installed dbsnap, as their readers would, and runs them.
# Usage: run.sh BUILD_DIR [PYTHON]   (a built tree of dbsnap; a Python that has the dbsnap package, otherwise one is made)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build_dir=$(cd "${1:?usage: run.sh BUILD_DIR [PYTHON]}" && pwd)
python=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# run NAME COMMAND...: the command gets an empty folder as its last argument, and must say that it restored.
run() {
  local name=$1
  shift
  mkdir -p "$folder/data-$name"
  if "$@" "$folder/data-$name" > "$folder/$name.log" 2>&1 && grep -q "^restored " "$folder/$name.log" &&
    [ -s "$folder/data-$name/restored.db" ]; then
    echo "ok: example in $name"
    passed=$((passed + 1))
  else
    echo "FAILED: example in $name"
    cat "$folder/$name.log"
    failed=$((failed + 1))
  fi
}

cmake --install "$build_dir" --prefix "$folder/prefix" > "$folder/install.log"
for language in c cpp; do
  cmake -S "$here/$language" -B "$folder/$language" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$folder/prefix" > "$folder/configure.log"
  cmake --build "$folder/$language" > "$folder/build.log" || cat "$folder/build.log"
  run "$language" "$folder/$language/order-service"
done
if [ -z "$python" ]; then
  python3 -m venv "$folder/venv"
  python=$folder/venv/bin/python
  "$python" -m pip install --quiet --disable-pip-version-check "$here/../bindings/python"
fi
run python "$python" "$here/python/order_service.py"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
