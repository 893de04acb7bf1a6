#!/bin/sh
# Installs what the native engine is built from, g++ and libdnnl-dev, where they are missing and apt can: on Debian or Ubuntu, as root or
# where sudo asks for no password. Otherwise it prints the reason in one line. It never asks and never waits long for a network.
set -eu

missing=""
command -v "${CXX:-g++}" >/dev/null 2>&1 || missing="g++"
if [ -z "${DNNL_ROOT:-}" ] && ! { echo '#include <dnnl.hpp>' | "${CXX:-g++}" -std=c++17 -E -x c++ - >/dev/null 2>&1; }; then
  missing="$missing libdnnl-dev"
fi
[ -n "$missing" ] || exit 0

give_up() {
  echo "native engine: cannot install$(printf ' %s' $missing): $1" >&2
  exit 1
}

command -v apt-get >/dev/null 2>&1 || give_up "no apt-get here"
as_root=""
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || give_up "that takes root; run: sudo apt-get install$(printf ' %s' $missing)"
  as_root="sudo -n"
fi
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive timeout "$1" apt-get -qq -o DPkg::Lock::Timeout=60 \
    -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 -o Acquire::Retries=1 "$2" $3 </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "native engine: installing$(printf ' %s' $missing)"
install="-y --no-install-recommends $missing"
# Package lists may be absent or old; they are fetched only where the first try fails.
apt 600 install "$install" >"$log" 2>&1 || { apt 120 update "" && apt 600 install "$install"; } >"$log" 2>&1 ||
  give_up "apt-get says: $(grep -m 1 '^E:' "$log" || tail -1 "$log")"
