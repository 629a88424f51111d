#!/usr/bin/env bash
# Everything that has to hold before a change is accepted; what `npm test` runs.
#   .ci/test.sh           checks and tests
#   .ci/test.sh fast      inner loop: no emulator, no whole models
#   .ci/test.sh full      every model on every core, architectures in published size; writes bench/verify-*, bench/architectures.*
# Runs all steps even if one fails. The last line is `N passed, N failed, N skipped`; every check counts as one test.
set -uo pipefail
cd "$(dirname "$0")/.."

tier=${1:-default}
passed=0
failed=0
skipped=0

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

# check <name> <command>...
check() {
    local name=$1
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $name"
        failed=$((failed + 1))
    fi
}

check "dependencies" .ci/install.sh
[ "$failed" -eq 0 ] || finish
check "toolchain" targets/install-toolchain.sh
[ "$failed" -eq 0 ] || finish
bin=node_modules/.bin
[ "$tier" = fast ] || check "biome" "$bin/biome" check
check "tsc" "$bin/tsc" --noEmit
[ "$tier" = fast ] || check "knip" "$bin/knip"

echo "== vitest ($tier)"
summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
LWC_TEST=$tier LWC_SUMMARY_FILE=$summary CI=1 "$bin/vitest" run
status=$?
read -r tests_passed tests_failed tests_skipped <"$summary" || true
passed=$((passed + ${tests_passed:-0}))
failed=$((failed + ${tests_failed:-0}))
skipped=$((skipped + ${tests_skipped:-0}))
# A run that crashed, or found nothing to run, is a failure whatever was counted.
if [ "$status" -ne 0 ] && [ "${tests_failed:-0}" -eq 0 ] || [ -z "${tests_passed:-}" ]; then
    echo "FAILED: vitest ended with status $status"
    failed=$((failed + 1))
fi
finish
