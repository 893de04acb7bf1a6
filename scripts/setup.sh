#!/bin/sh
# Sets up a checkout on Debian or Ubuntu with Node >= 20.19: installs the npm packages, among them the Node 24 that
# the project's scripts run on, and builds the native engine where the system has, or lets us install, a compiler and oneDNN. Where it
# does not, the reason is printed and ONNX Runtime serves.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "setup: $1" >&2
  exit 1
}

command -v node >/dev/null 2>&1 || fail "no node found; install Node 20.19 or later"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "node $(node --version) is too old; install Node 20.19 or later"

# onnxruntime-node would look for CUDA libraries outside the registry; its CPU library is in the package.
export ONNXRUNTIME_NODE_INSTALL=skip

npm ci --no-audit --no-fund
pinned=$(node_modules/.bin/node --version 2>/dev/null) ||
  fail "the pinned Node did not install; allow the install script of the package 'node' and run this again"
sh scripts/install-onednn.sh || true
sh scripts/build-native.sh || true
node_modules/.bin/node scripts/which-engine.ts
echo "setup: ready, scripts run on node $pinned"
