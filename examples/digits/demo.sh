#!/usr/bin/env bash
# From a trained float network to a classified picture on an emulated microcontroller. Run by `npm run demo`.
#   demo.sh [sample.png]
set -euo pipefail
cd "$(dirname "$0")/../.."

bash targets/install-toolchain.sh
node_modules/.bin/tsc -p tsconfig.build.json

# Prints a command as a user would type it, then runs it.
lwc() {
    printf '\n$ lwc %s\n' "$*"
    node dist/compiler/cli/main.js "$@"
}

here=examples/digits
int8=$here/quantized/digits.onnx
lwc quantize $here/digits_f32.onnx --calibration $here/calibration \
    --test $here/samples --test-labels $here/samples/labels.json -o $int8 --report $here/quantized/digits.html
lwc compile $int8 --target cortex-m7 -o $here/out --force
lwc verify $int8 --target cortex-m7 --runs 4

sample=${1:-5-1.png}
printf '\n$ node %s/classify.mjs %s %s\n' "$here" "$sample" "$int8"
node $here/classify.mjs "$sample" "$int8"

printf '\nReports, to open in a browser:\n  %s  what quantizing cost\n  %s  what was compiled\n' \
    $here/quantized/digits.html $here/out/digits_report.html
