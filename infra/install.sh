#!/bin/sh
# Installs the dependencies with the system's npm. The Node that runs everything else is one of them.
set -eu

wanted='Node 20.19 or later with npm is needed'
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "$wanted, but there is no node or no npm on the PATH." >&2
  exit 1
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number)
              process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
  echo "$wanted, but node is $(node --version)." >&2
  exit 1
fi

echo 'Installing the dependencies …'
# Packages that ask for a newer Node than the system's are run by the one that is installed here: no warnings.
npm ci --no-audit --no-fund --loglevel=error
if ! node_modules/.bin/node --version >/dev/null; then
  echo 'The npm package "node" did not install a Node for this machine; see the output above.' >&2
  exit 1
fi
touch node_modules/.package-lock.json
