#!/usr/bin/env bash
# From a fresh clone to a first snapshot: installs what is missing, builds dbsnap, makes a sample SQLite database, backs
# it up, changes it, backs it up again, verifies and restores. Everything it makes is below build/.
#
#   scripts/quickstart.sh                  build/release/bin/dbsnap and a tour with a sample database
#   scripts/quickstart.sh --prefix DIR     also installs the program, libraries and headers below DIR
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=""
case "${1:-}" in
  "") ;;
  --prefix) prefix="${2:?quickstart.sh: --prefix needs a folder}" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || title() { printf '\n%s\n' "$1"; }
# Shows a command as one would type it, then runs it.
show() { printf '  $ %s\n' "$*"; "$@"; }
# The same for a command whose output is wanted: it is kept in $output.
show_and_keep() { printf '  $ %s\n' "$*"; output="$("$@")"; printf '%s\n' "$output"; }

title "1/6  Packages"
scripts/install-deps.sh --user

title "2/6  Build (a few minutes the first time)"
command -v ccache >/dev/null && export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
mkdir -p build
cmake --preset release >build/quickstart-configure.log 2>&1 || { cat build/quickstart-configure.log; exit 1; }
cmake --build --preset release
if [ -n "$prefix" ]; then
  cmake --install build/release --prefix "$prefix" >/dev/null
  echo "installed below $prefix"
fi

tour="$PWD/build/quickstart"
rm -rf "$tour"
mkdir -p "$tour"
PATH="$PWD/build/release/bin:$PATH"
export DBSNAP_REPO="$tour/backups" DBSNAP_PASSWORD_FILE="$tour/password"
(umask 077 && head -c 24 /dev/urandom | base64 >"$DBSNAP_PASSWORD_FILE")
db="$tour/app.db"
size_of() { du -sb "$1" | cut -f1; }
mib() { awk -v bytes="$1" 'BEGIN { printf bytes < 1048576 ? "%.0f KiB" : "%.1f MiB", bytes / (bytes < 1048576 ? 1024 : 1048576) }'; }

title "3/6  A sample database: 200,000 orders in SQLite, WAL mode"
sqlite3 "$db" >/dev/null <<'SQL'
PRAGMA journal_mode = WAL;
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, note TEXT NOT NULL, total INTEGER NOT NULL);
CREATE INDEX orders_customer ON orders (customer);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO orders SELECT i, 'customer ' || (i * 7919 % 20000), 'order ' || i || ' ' || hex(randomblob(60)), i % 997 FROM n;
SQL
echo "  $db, $(mib "$(size_of "$db")")"

title "4/6  First snapshot, a day of work, second snapshot"
show dbsnap init "$DBSNAP_REPO"
show_and_keep dbsnap backup "sqlite://$db"
first="$output"
before="$(size_of "$DBSNAP_REPO")"
sqlite3 "$db" >/dev/null <<'SQL'
UPDATE orders SET total = total + 1 WHERE id % 1000 = 7;
INSERT INTO orders SELECT id + 200000, customer, 'new ' || note, total FROM orders WHERE id <= 500;
SQL
show_and_keep dbsnap backup "sqlite://$db"
second="$output"
after="$(size_of "$DBSNAP_REPO")"
show dbsnap list

title "5/6  Is it all there?"
show dbsnap verify --level data

title "6/6  Disaster, and back"
expected="$(sqlite3 "$db" .sha3sum)"
rm -f "$db" "$db-wal" "$db-shm"
show dbsnap restore latest --to "sqlite://$db"
restored="$(sqlite3 "$db" .sha3sum)"
if [ "$expected" != "$restored" ]; then
  echo "quickstart.sh: the restored database differs from the lost one" >&2
  exit 1
fi

title "What happened"
cat <<SUMMARY
  first snapshot   ${first:0:12}   a database of $(mib "$(size_of "$db")") stored in $(mib "$before")
  second snapshot  ${second:0:12}   200 changed and 500 new rows stored in $(mib "$((after - before))") more
  restore          the deleted database is back, every row as it was (same content hash)
  repository       $DBSNAP_REPO, encrypted with the password in $DBSNAP_PASSWORD_FILE

Your own database:
  export PATH="$PWD/build/release/bin:\$PATH"
  export DBSNAP_REPO=/var/backups/app DBSNAP_PASSWORD_FILE=\$HOME/.dbsnap-password
  (umask 077; head -c 24 /dev/urandom | base64 >"\$DBSNAP_PASSWORD_FILE")     # keep a copy elsewhere
  dbsnap init "\$DBSNAP_REPO"
  dbsnap backup sqlite:///path/to/app.db
  dbsnap prune --keep-daily 7 --keep-weekly 4 --dry-run
Next: README.md, docs/cli.md, dbsnap --help
SUMMARY
