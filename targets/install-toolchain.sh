#!/usr/bin/env bash
# Installs the compilers and the emulator that `lwc verify` and the tests use, where they are missing (Debian and Ubuntu).
# Says nothing and changes nothing when all is there. Where it may not install, it prints the line that does, and fails.
set -euo pipefail

packages=()

# need <command> <apt package>...
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null 2>&1 || packages+=("$@")
}

need gcc gcc libc6-dev
need g++ g++
need make make
need clang clang
need arm-none-eabi-gcc gcc-arm-none-eabi
need qemu-system-arm qemu-system-arm

# The compiler package comes without the C library.
if command -v arm-none-eabi-gcc >/dev/null 2>&1; then
    libc=$(arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -print-file-name=libc.a)
    [ -f "$libc" ] || packages+=(libnewlib-arm-none-eabi)
else
    packages+=(libnewlib-arm-none-eabi)
fi

if [ ${#packages[@]} -eq 0 ]; then
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    as_root=(none)
fi

if [ "${as_root[0]:-}" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
    exit 1
fi

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
}

echo "installing: ${packages[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be absent or too old: fetch them only if the first try fails.
if ! install >"$log" 2>&1; then
    if ! { "${as_root[@]}" apt-get update && install; } >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
fi
