#!/usr/bin/env bash
# Installs the locked dependencies where there are none yet, as in a fresh clone. npm writes the marker when it is done, so an
# interrupted installation is repeated. Says nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f node_modules/.package-lock.json ] || npm ci --no-audit --no-fund
