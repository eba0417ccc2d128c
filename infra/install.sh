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

# Two installs of one clone at once would break each other: `make demo` while `make run` has not got there yet. The lock is
# a link to the number of the process that has it.
lock=.earshot/installing
mkdir -p .earshot
until ln -s $$ "$lock" 2>/dev/null; do
  holder=$(readlink "$lock" || true)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
    rm -f "$lock"
  elif [ -z "${waited:-}" ]; then
    waited=yes
    echo 'Waiting for the dependencies, which are being installed already …'
  else
    sleep 1
  fi
done
trap 'rm -f "$lock"' EXIT
trap 'exit 130' INT TERM
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi

echo 'Installing the dependencies …'
# Packages that ask for a newer Node than the system's are run by the one that is installed here: no warnings.
npm ci --no-audit --no-fund --loglevel=error
if ! node_modules/.bin/node --version >/dev/null; then
  echo 'The npm package "node" did not install a Node for this machine; see the output above.' >&2
  exit 1
fi
touch node_modules/.package-lock.json
