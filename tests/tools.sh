#!/bin/sh
# Says in one line what is missing or too old to build podsec and the control plane.
set -eu
cd "$(dirname "$0")/.."

rust=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
go=$(sed -n 's/^go //p' tests/control-plane/go.mod)

die() {
    echo "$1" >&2
    exit 2
}

# Whether the version $1 is at least $2.
at_least() {
    awk -v have="$1" -v need="$2" 'BEGIN {
        split(have, h, "."); split(need, n, ".")
        for (i = 1; i <= 3; i++) if (h[i] + 0 != n[i] + 0) exit(h[i] + 0 < n[i] + 0)
    }'
}

command -v cargo >/dev/null ||
    die "cargo is missing: Rust $rust is needed (pinned in rust-toolchain.toml); https://rustup.rs installs it"
have=$(cargo --version | awk '{print $2}')
at_least "$have" "$rust" ||
    die "cargo $have is too old: Rust $rust is needed (pinned in rust-toolchain.toml); https://rustup.rs installs it"

command -v go >/dev/null ||
    die "go is missing: Go $go is needed (pinned in tests/control-plane/go.mod); https://go.dev/dl has it"
# Asked where go.mod lies, go answers for the toolchain that go.mod makes it choose.
have=$(cd tests/control-plane && go env GOVERSION) ||
    die "go cannot say its version: Go $go is needed (pinned in tests/control-plane/go.mod); https://go.dev/dl has it"
at_least "${have#go}" "$go" ||
    die "go ${have#go} is too old: Go $go is needed (pinned in tests/control-plane/go.mod); https://go.dev/dl has it"
