#!/usr/bin/env bash
# Fuzzes every target for a while with libFuzzer on the stable toolchain: `bash tests/fuzz/run.sh [TARGET...]`.
# As many at a time as there are processors. Seconds per target: PROOFMARK_FUZZ_SECONDS (20). A crash is kept, and the command that shows
# it again is printed.
# What it finds out stays in the cache, outside the checkout, so that each run begins where the last one ended.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=SCRIPTDIR/../setup/env.sh
source "$here/../setup/env.sh"

seconds=${PROOFMARK_FUZZ_SECONDS:-20}
work="$PROOFMARK_CACHE/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
binaries="$PROOFMARK_CACHE/fuzz-target/$host/release"

# What cargo-fuzz asks of the compiler, less the address sanitizer, which only nightly has: counters on every edge,
# the table that names them, and the operands of comparisons.
coverage=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Ccodegen-units=1
    --cfg fuzzing
)

build() {
    # With --target, build scripts and procedural macros stay without counters.
    RUSTFLAGS="${coverage[*]}" CARGO_TARGET_DIR="$PROOFMARK_CACHE/fuzz-target" \
        cargo build --quiet --release --manifest-path "$here/Cargo.toml" --target "$host"
}

all_targets() {
    local file
    for file in "$here"/fuzz_targets/*.rs; do
        basename "$file" .rs
    done
}

# The fuzzer grows the corpus in the first folder and only reads the second.
fuzz() {
    local target=$1 corpus="$work/corpus/$1" crashes="$work/crashes/$1" log="$work/$1.log" status=0
    local seeds="$here/seeds/$target"
    mkdir -p "$corpus" "$crashes"
    [ -d "$seeds" ] || seeds=$corpus
    "$binaries/$target" "$corpus" "$seeds" -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=2048 \
        -artifact_prefix="$crashes/" -print_final_stats=1 >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ] && ! grep -q 'cov: [1-9]' "$log"; then
        printf 'fuzz %-11s has no coverage counters: the build is not instrumented\n' "$target"
        return 1
    fi
    if [ "$status" = 0 ]; then
        printf 'fuzz %-11s ok, %s\n' "$target" "$(summary "$log")"
        return
    fi
    printf 'fuzz %-11s FAILED\n' "$target"
    sed -n '/panicked at/,/^==/p; /^SUMMARY/p' "$log" | grep -v -e '^==' -e '^note:' | cut -c -2000
    printf 'to see it again: %s %s\n' "$binaries/$target" "$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)"
    return 1
}

summary() {
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
    coverage=$(sed -n 's/^.* cov: \([0-9]*\).*$/\1/p' "$1" | tail -n 1)
    printf '%s inputs, %s edges' "$runs" "$coverage"
}

# What one says stays together, though several are at it.
fuzz_and_tell() {
    local said status=0
    said=$(fuzz "$1") || status=$?
    printf '%s\n' "$said"
    return "$status"
}

export RUST_BACKTRACE=0
build
failed=0
if [ $# = 0 ]; then
    mapfile -t targets < <(all_targets)
else
    targets=("$@")
fi
processors=$(getconf _NPROCESSORS_ONLN)
started=()
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$processors" ]; do
        sleep 0.2
    done
    fuzz_and_tell "$target" &
    started+=("$!")
done
for process in "${started[@]}"; do
    wait "$process" || failed=1
done
exit "$failed"
