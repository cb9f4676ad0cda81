#!/bin/bash
# Builds the same two small programs in every way a project may take dbsnap in, and runs them.
# Usage: run.sh BUILD_DIR [CMAKE OPTION...]
# BUILD_DIR is a configured and built tree of dbsnap; what it holds is installed into a temporary folder. The options
# are for building dbsnap from its sources: with those of BUILD_DIR, a compiler cache has all of it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
build_dir=$(cd "${1:?usage: run.sh BUILD_DIR [CMAKE OPTION...]}" && pwd)
shift
source_options=("$@")
folder=$(mktemp -d)
# As deep as the other builds, so that the paths a compiler cache compares are the same.
from_sources=$source_dir/build/consumer
rm -rf "$from_sources"
trap 'rm -rf "$folder" "$from_sources"' EXIT
prefix=$folder/prefix
passed=0
failed=0

launcher=()
if command -v ccache > /dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi

# check TITLE COMMAND...: one line per case; a failed one shows its output.
check() {
  local title=$1
  shift
  if "$@" > "$folder/log" 2>&1; then
    echo "ok: $title"
    passed=$((passed + 1))
  else
    echo "FAILED: $title"
    cat "$folder/log"
    failed=$((failed + 1))
  fi
}

build_with_cmake() {
  local project=$1 build=$2
  shift 2
  cmake -S "$here/$project" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" "$@"
  cmake --build "$build"
}

run_both() {
  [ "$("$1/consumer-c")" = "c 0.1.0" ] && [ "$("$1/consumer-cpp")" = "cpp 0.1.0" ]
}

find_package() {
  build_with_cmake find_package "$folder/find" -DCMAKE_PREFIX_PATH="$prefix" && run_both "$folder/find"
}

find_package_for_c_only() {
  build_with_cmake find_package "$folder/find-c" -DCMAKE_PREFIX_PATH="$prefix" -DDBSNAP_COMPONENTS=capi &&
    [ ! -e "$folder/find-c/consumer-cpp" ] && "$folder/find-c/consumer-c"
}

missing_component() {
  local said
  if said=$(build_with_cmake find_package "$folder/missing" -DCMAKE_PREFIX_PATH="$prefix" \
    -DDBSNAP_COMPONENTS=punchcards 2>&1); then
    return 1
  fi
  tr -s '\n ' ' ' <<< "$said" | grep -E "was built without punchcards; it has: cpp, sqlite, (.*, )?local, memory, capi"
}

other_version() {
  sed 's/dbsnap 0\.1 CONFIG/dbsnap 0.2 CONFIG/' "$here/find_package/CMakeLists.txt" > "$folder/CMakeLists.txt"
  mkdir -p "$folder/version"
  mv "$folder/CMakeLists.txt" "$folder/version"
  local said
  if said=$(cmake -S "$folder/version" -B "$folder/version/build" -DCMAKE_PREFIX_PATH="$prefix" 2>&1); then
    return 1
  fi
  grep -F "version: 0.1.0" <<< "$said"
}

pkg_config() {
  local libdir
  libdir=$(dirname "$(dirname "$(find "$prefix" -name dbsnap.pc)")")
  mkdir -p "$folder/make"
  PKG_CONFIG_PATH=$libdir/pkgconfig LDFLAGS=-Wl,-rpath,$libdir make -C "$here/pkg_config" OUT="$folder/make" &&
    run_both "$folder/make"
}

fetch_content() {
  build_with_cmake fetch_content "$from_sources" -DDBSNAP_SOURCE_DIR="$source_dir" "${source_options[@]}" &&
    run_both "$from_sources"
}

moved_prefix() {
  mv "$prefix" "$folder/elsewhere"
  build_with_cmake find_package "$folder/moved" -DCMAKE_PREFIX_PATH="$folder/elsewhere" && run_both "$folder/moved"
}

check "dbsnap installs into an empty prefix" cmake --install "$build_dir" --prefix "$prefix"
check "CMake: find_package, C and C++" find_package
check "CMake: find_package of the C library alone" find_package_for_c_only
check "CMake: a missing component is named with what there is" missing_component
check "CMake: another minor version is refused" other_version
check "make with pkg-config, C and C++" pkg_config
check "CMake: FetchContent of the sources" fetch_content
check "CMake: an installed tree may be moved" moved_prefix
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
