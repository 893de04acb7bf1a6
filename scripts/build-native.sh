#!/bin/sh
# Builds the native engine's add-on, native/build/residua.node, or says that it is up to date. Downloads nothing: it takes the
# compiler, oneDNN (2.6 or later) and the headers of the npm packages node-api-headers and node-addon-api. Exit code 1 and a reason where
# it cannot.
#
#   DNNL_ROOT   where oneDNN is, if not where the compiler looks by itself: the folder that holds include/ and lib/
#   CXX         the compiler, by default g++
#   JOBS        files compiled at a time, by default as many as there are processors
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "native engine: not built: $1" >&2
  exit 1
}

compiler=${CXX:-g++}
modules=${RESIDUA_NODE_MODULES:-node_modules}
root=${DNNL_ROOT:-}
build=native/build
flags="-std=c++17 -O3 -fPIC -fopenmp -fno-math-errno -fno-trapping-math -fvisibility=hidden -Wall -Wextra -Wno-psabi"
defines="-DNAPI_VERSION=8 -DNODE_ADDON_API_CPP_EXCEPTIONS -DBUILDING_NODE_EXTENSION"
# As system headers, so that warnings are about our own code.
includes="-isystem $modules/node-api-headers/include -isystem $modules/node-addon-api"
link="-shared -fopenmp"
if [ -n "$root" ]; then
  [ -f "$root/include/dnnl.hpp" ] || fail "DNNL_ROOT is $root, where there is no include/dnnl.hpp"
  includes="-isystem $root/include $includes"
  link="$link -L$root/lib -Wl,-rpath,$root/lib"
fi
# Node's own functions are found when it loads the add-on; other linkers take that for granted.
[ "$(uname -s)" = Darwin ] && link="$link -undefined dynamic_lookup"

# What a file is compiled from and with; where that is as before, the object is kept.
compile() {
  object="$build/$(basename "$1" .cpp).o"
  mark=$(cat "$1" native/*.h "$0" | cksum; printf '%s' "$TOOLS")
  [ -f "$object" ] && [ "$(cat "$object.mark" 2>/dev/null)" = "$mark" ] && return 0
  rm -f "$object.mark"
  "$compiler" $flags $defines $includes -c "$1" -o "$object" || return 1
  printf '%s' "$mark" >"$object.mark"
}

if [ "${1:-}" = --object ]; then
  compile "$2"
  exit
fi

command -v "$compiler" >/dev/null 2>&1 || fail "no C++ compiler ($compiler); on Debian or Ubuntu: apt-get install g++"
for package in node-api-headers node-addon-api; do
  [ -d "$modules/$package" ] || fail "the package $package is missing; install the packages again: npm ci"
done
version=$(printf '#include <dnnl_version.h>\nDNNL_VERSION_MAJOR DNNL_VERSION_MINOR DNNL_VERSION_PATCH\n' |
  "$compiler" $includes -E -P -x c++ - 2>/dev/null | tail -1) && [ -n "$version" ] ||
  fail "no oneDNN headers; on Debian or Ubuntu: apt-get install libdnnl-dev, with Homebrew: brew install onednn; elsewhere name its folder in DNNL_ROOT"
TOOLS="$("$compiler" --version | head -1); oneDNN $version in ${root:-the system}"
export TOOLS

mkdir -p "$build"
addon="$build/residua.node"
whole=$(cat native/*.cpp native/*.h "$0" | cksum; printf '%s' "$TOOLS")
if [ -f "$addon" ] && [ "$(cat "$addon.mark" 2>/dev/null)" = "$whole" ]; then
  echo "native engine: $addon is up to date"
  exit
fi
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
printf '%s\n' native/*.cpp | xargs -P "$jobs" -n 1 sh scripts/build-native.sh --object ||
  fail "$compiler failed, see above"

objects=""
for source in native/*.cpp; do objects="$objects $build/$(basename "$source" .cpp).o"; done
# Written beside and moved, so that a process which has the old one loaded keeps it.
rm -f "$addon.mark"
"$compiler" $objects $link -ldnnl -o "$addon.new" || fail "linking failed, see above"
mv "$addon.new" "$addon"
printf '%s' "$whole" >"$addon.mark"
echo "native engine: built $addon with oneDNN $(echo "$version" | tr ' ' .)"
