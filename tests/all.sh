#!/usr/bin/env bash
# All tests, by one command, on a Debian or Ubuntu with a Rust toolchain: what else is needed gets
# installed. Each step prints its name and its seconds; the first that fails ends the run.
#
#   tests/all.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
. tests/machine.sh

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
summary=()
step=""

# run NAME COMMAND…: one step.
run() {
    step=$1
    shift
    local started=$SECONDS
    printf '\n=== %s\n' "$step"
    "$@"
    summary+=("$(printf '%5d s  %s' "$((SECONDS - started))" "$step")")
    printf '=== %s: passed in %d s\n' "$step" "$((SECONDS - started))"
    step=""
}

report() {
    local status=$?
    printf '\n'
    [ "${#summary[@]}" -eq 0 ] || printf '%s\n' "${summary[@]}"
    if [ -n "$step" ]; then
        printf '\nFAILED: %s (status %d, after %d s in all)\n' "$step" "$status" "$SECONDS"
    elif [ "$status" -eq 0 ]; then
        printf '\nPASSED: %d steps in %d s\n' "${#summary[@]}" "$SECONDS"
    fi
    exit "$status"
}
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

machine() {
    need git git
    need curl curl ca-certificates
    need cc build-essential
    need faketime faketime
    command -v cargo >/dev/null || {
        echo "no Rust toolchain: see https://rustup.rs" >&2
        return 1
    }
    need_component rustfmt fmt
    need_component clippy clippy
    need_cargo nextest cargo-nextest@0.9.143
    need_cargo deny cargo-deny@0.20.2
    need_venv
    need_node
    cargo --version
    cargo nextest --version | head -n 1
    cargo deny --version
    python3 --version
    echo "node $(node --version)"
}

# Clippy of the whole workspace, with its targets.
lints() {
    cargo clippy --workspace --all-targets --locked -- -D warnings
}

unit_tests() {
    cargo nextest run --workspace --locked --no-fail-fast
}

doc_tests() {
    cargo test --workspace --doc --locked --quiet
}

dependencies() {
    cargo deny --locked check --hide-inclusion-graph bans licenses sources
}

# Advisories need a database from the network; without it there is nothing to check against.
advisories() {
    if cargo deny fetch db >/dev/null 2>&1; then
        cargo deny --locked check --disable-fetch advisories
    else
        echo "NOT RUN: the advisory database, github.com/rustsec/advisory-db, is out of reach"
    fi
}

binaries() {
    # All targets, as the tests were built: a part of them would unify features anew.
    cargo build --workspace --all-targets --locked
}

run "machine" machine
run "format" cargo fmt --all --check
run "lints" lints
run "tests" unit_tests
run "doc tests" doc_tests
run "dependencies" dependencies
run "advisories" advisories
run "binaries" binaries
run "clients" bash tests/clients/run.sh
