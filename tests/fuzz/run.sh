#!/usr/bin/env bash
# Every fuzzer for a while: arbitrary bytes against what src/lib.rs holds them to. What is found
# lies in target/fuzz/found; inputs that reached something new are kept in target/fuzz/corpus.
#
#   tests/fuzz/run.sh [seconds for each fuzzer]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec </dev/null
. tests/machine.sh

seconds=${1:-30}
place=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
fixtures=engine/dialects/fixtures
seeds=tests/fuzz/seeds
words=tests/fuzz/words
summary=()
found=0

machine() {
    need cc build-essential
    need_cargo fuzz cargo-fuzz@0.13.2
}

# No sanitizer: all of our code forbids `unsafe`, so that the stable compiler will do.
build() {
    unset CARGO_TARGET_DIR
    CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-1} nice -n 19 cargo fuzz build \
        --fuzz-dir tests/fuzz --target-dir "$place" --sanitizer none
}

# examples: the configurations that the tests break, each as a file of its own.
examples() {
    mkdir -p "$place/examples"
    cp engine/config/reins.example.toml engine/config/dialects/*.toml "$place/examples/"
    for file in engine/config/src/tests/broken/*.txt; do
        awk -v name="$place/examples/$(basename "$file" .txt)" '
            /^(---|===)$/ { part++; next }
            { print > (name "." part + 0 ".toml") }' "$file"
    done
}

# run FUZZER DICTIONARY SEEDS…
run() {
    local name=$1 dictionary=$2 binary log line
    shift 2
    binary=$place/$(rustc -vV | sed -n 's/^host: //p')/release/$name
    log=$place/$name.log
    mkdir -p "$place/corpus/$name" "$place/found"
    if nice -n 19 "$binary" -max_total_time="$seconds" -dict="$words/$dictionary" \
        -artifact_prefix="$place/found/$name-" -rss_limit_mb=1024 -timeout=10 -max_len=8192 \
        -print_final_stats=1 "$place/corpus/$name" "$@" >"$log" 2>&1; then
        line="nothing found"
    else
        line="FOUND: see $log"
        found=$((found + 1))
    fi
    summary+=("$(printf '%-18s %12s runs  %s' "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$line")")
    printf '%s\n' "${summary[-1]}"
}

machine
build
examples
run request request.dict "$seeds"/openai "$seeds"/anthropic
run answer answer.dict "$fixtures"/*/
run cel cel.dict "$seeds/cel"
run declared answer.dict "$fixtures"/*/ "$seeds"/openai "$seeds"/declared
run config config.dict "$place/examples"
run usage answer.dict "$seeds/usage"
[ "$found" -eq 0 ]
