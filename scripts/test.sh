#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs every suite and check. Ends with "N passed, N failed".
#
#   scripts/test.sh            the full gate
#   scripts/test.sh --quick    formatting, incremental build, unit and conformance tests; installs nothing
#   scripts/test.sh --only STEP, --list, --verbose, --jobs N
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "test.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

case " $* " in
  *" --quick "* | *" --list "* | *" --help "* | *" -h "*) ;;
  *) scripts/install-deps.sh || fail "packages could not be installed" ;;
esac
command -v python3 >/dev/null || fail "there is no python3; run scripts/install-deps.sh"
exec env PYTHONDONTWRITEBYTECODE=1 python3 scripts/gate.py "$@"
