# What a machine must have, and how to get it there: sourced by the scripts beside it.
# A Debian or Ubuntu with a Rust toolchain is enough; what is already there is used as it is.

export PATH="$HOME/.cargo/bin:$PATH"
export DEBIAN_FRONTEND=noninteractive

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# apt PACKAGE…: from Debian's or Ubuntu's own archive.
apt() {
    command -v apt-get >/dev/null || {
        echo "missing: $*: install it, this machine has no apt-get" >&2
        return 1
    }
    echo "installing $*"
    as_root apt-get update -qq
    as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need COMMAND PACKAGE…: the packages, unless the command is there.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null || apt "$@"
}

# need_cargo COMMAND CRATE@VERSION: a cargo subcommand, unless there is one of any version.
need_cargo() {
    cargo "$1" --version >/dev/null 2>&1 || cargo install --locked "$2"
}

# need_component NAME COMMAND: a part of the Rust toolchain, unless it is there.
need_component() {
    cargo "$2" --version >/dev/null 2>&1 || rustup component add "$1"
}

# need_venv: a python3 that can make virtual environments.
need_venv() {
    need python3 python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || apt python3-venv
}

# need_node: node of version 18 or newer, and npm.
need_node() {
    need node nodejs npm
    need npm npm
    node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' || {
        echo "node $(node --version) is too old: the vendors' clients need 18 or newer" >&2
        return 1
    }
}
