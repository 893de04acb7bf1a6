#!/bin/sh
# Builds the native engine's add-on, native/build/residua.node. Downloads nothing: it takes the compiler and oneDNN (2.6 or later) of
# the system and the headers of the npm packages node-api-headers and node-addon-api. Exit code 1 and a reason where it cannot.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "native engine: not built: $1" >&2
  exit 1
}

compiler=${CXX:-g++}
modules=${RESIDUA_NODE_MODULES:-node_modules}
command -v "$compiler" >/dev/null 2>&1 || fail "no C++ compiler ($compiler); on Debian or Ubuntu: apt-get install g++"
for package in node-api-headers node-addon-api; do
  [ -d "$modules/$package" ] || fail "the package $package is missing; install the packages again: npm ci"
done
echo '#include <dnnl.hpp>' | "$compiler" -std=c++17 -E -x c++ - >/dev/null 2>&1 ||
  fail "no oneDNN headers; on Debian or Ubuntu: apt-get install libdnnl-dev, with Homebrew: brew install onednn"

build=native/build
mkdir -p "$build"
flags="-std=c++17 -O3 -fPIC -fopenmp -fno-math-errno -fno-trapping-math -fvisibility=hidden -Wall -Wextra -Wno-psabi"
defines="-DNAPI_VERSION=8 -DNODE_ADDON_API_CPP_EXCEPTIONS -DBUILDING_NODE_EXTENSION"
# As system headers, so that warnings are about our own code.
includes="-isystem $modules/node-api-headers/include -isystem $modules/node-addon-api"

# What a file is compiled from and with; where that is as before, the object is kept.
compile() {
  object="$build/$(basename "$1" .cpp).o"
  mark=$(cat "$1" native/*.h "$0" | cksum; "$compiler" --version | head -1)
  [ -f "$object" ] && [ "$(cat "$object.mark" 2>/dev/null)" = "$mark" ] && return 0
  rm -f "$object.mark"
  "$compiler" $flags $defines $includes -c "$1" -o "$object" || return 1
  printf '%s' "$mark" >"$object.mark"
}

if [ "${1:-}" = --object ]; then
  compile "$2"
  exit
fi
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
printf '%s\n' native/*.cpp | xargs -P "$jobs" -n 1 sh scripts/build-native.sh --object ||
  fail "$compiler failed, see above"

objects=""
for source in native/*.cpp; do objects="$objects $build/$(basename "$source" .cpp).o"; done
# Written beside and moved, so that a process which has the old one loaded keeps it.
"$compiler" -shared -fopenmp $objects -ldnnl -o "$build/residua.node.new" || fail "linking failed, see above"
mv "$build/residua.node.new" "$build/residua.node"
echo "native engine: built $build/residua.node"
