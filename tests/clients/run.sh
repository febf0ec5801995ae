#!/usr/bin/env bash
# The vendors' own clients, pinned, against a pretend vendor and against Reins in front of one.
#
#   tests/clients/run.sh [--only vendor|reins]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/machine.sh

need_venv
need_node
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
place=$CARGO_TARGET_DIR/clients
mkdir -p "$place/node"

# made STAMP FILE: whether the files' content is what the stamp was made from.
made() { [ "$(cat "$1" 2>/dev/null)" = "$(cksum <"$2")" ]; }
stamp() { cksum <"$2" >"$1"; }

wanted=tests/clients/python/requirements.txt
if ! made "$place/python.stamp" "$wanted"; then
    rm -rf "$place/python"
    python3 -m venv "$place/python"
    "$place/python/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    stamp "$place/python.stamp" "$wanted"
fi

wanted=tests/clients/node/package-lock.json
cp tests/clients/node/* "$place/node/"
if ! made "$place/node.stamp" "$wanted"; then
    (cd "$place/node" && npm ci --no-audit --no-fund --loglevel=error)
    stamp "$place/node.stamp" "$wanted"
fi

exec "$place/python/bin/python" -B tests/clients/run.py "$@"
