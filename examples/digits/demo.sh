#!/usr/bin/env bash
# From a trained, quantized network to a classified picture on an emulated microcontroller. Run by `npm run demo`.
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

lwc compile examples/digits/digits.onnx --target cortex-m7 -o examples/digits/out --force
lwc verify examples/digits/digits.onnx --target cortex-m7 --runs 4

sample=${1:-5-1.png}
printf '\n$ node examples/digits/classify.mjs %s\n' "$sample"
node examples/digits/classify.mjs "$sample"

printf '\nReport, to open in a browser: examples/digits/out/digits_report.html\n'
