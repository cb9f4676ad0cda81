#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that dbsnap is built from. Asks nothing, changes nothing that is there already.
#
#   scripts/install-deps.sh           everything: build, tests, linters, benchmark peers
#   scripts/install-deps.sh --user    only what building and running dbsnap needs
set -euo pipefail

build_packages=(
  cmake g++ ninja-build pkg-config
  libzstd-dev libssl-dev zlib1g-dev libfmt-dev nlohmann-json3-dev libcli11-dev libsqlite3-dev libpq-dev
  libssh-dev
  libcurl4-openssl-dev libpugixml-dev
  sqlite3 postgresql-client
)
test_packages=(
  ca-certificates ccache clang clang-format clang-tidy doctest-dev librapidcheck-dev libbenchmark-dev abigail-tools
  python3 python3-venv python3-dev libffi-dev make zstd gzip
  zsh fish faketime
  openssh-server openssh-client openssh-sftp-server
  restic borgbackup rclone
  postgresql postgresql-contrib util-linux openssl
  radosgw ceph-mon ceph-osd swift-proxy swift-account swift-container swift-object python3-botocore
)
# The tests fetch PostgreSQL servers of other versions with npm, wherever that came from.
command -v npm >/dev/null || test_packages+=(npm)
# Part of clang on some releases, a package of its own on others.
optional_packages=(libclang-rt-dev libclang-rt-14-dev)

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }

packages=("${build_packages[@]}" "${test_packages[@]}")
optional=("${optional_packages[@]}")
case "${1:-}" in
  "") ;;
  --user) packages=("${build_packages[@]}"); optional=() ;;
  -h | --help) usage; exit 0 ;;
  *) echo "install-deps.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: there is no apt-get here; install these yourself: ${packages[*]}" >&2
  exit 1
fi

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "install-deps.sh: needs root or sudo to run: $*" >&2
    exit 1
  fi
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
available() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
wanted=()
for package in "${optional[@]}"; do
  installed "$package" || wanted+=("$package")
done
# The runtime is there under one name or the other.
[ "${#wanted[@]}" -lt "${#optional[@]}" ] && wanted=()

if [ "${#missing[@]}" -eq 0 ] && [ "${#wanted[@]}" -eq 0 ]; then
  echo "all packages are installed"
  exit 0
fi

as_root apt-get update -q -o Acquire::Retries=3
for package in "${wanted[@]}"; do
  if available "$package"; then
    missing+=("$package")
    break
  fi
done
[ "${#missing[@]}" -eq 0 ] && exit 0
case " ${missing[*]} " in
  *" postgresql "*)
    # The tests start servers of their own: nobody needs one that runs all the time, or a cluster for it.
    if ! installed postgresql-common; then
      as_root mkdir -p /etc/postgresql-common/createcluster.d
      echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.d/no-main-cluster.conf >/dev/null
    fi
    ;;
esac
echo "installing ${missing[*]}"
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Acquire::Retries=3 \
  "${missing[@]}"
