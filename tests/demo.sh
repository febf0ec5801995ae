#!/usr/bin/env bash
# The main job on this machine, with a built-in vendor: no keys, no network but the crates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/machine.sh

need cc build-essential
exec cargo run --release --locked -p reins-cli -- demo "$@"
