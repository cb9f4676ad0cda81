#!/bin/sh
# Installs the package into a throw-away environment, as a user would, and runs its tests.
# Usage: test.sh [arguments of pytest]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$here[test]"
cd "$here"
"$folder/venv/bin/python" -m pytest -p no:cacheprovider "$@"
