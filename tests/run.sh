#!/bin/sh
# Runs the tests in stages, all of them or those named, and ends at the first that fails.
set -eu
cd "$(dirname "$0")/.."

# A snapshot that differs fails, and leaves no file behind.
export INSTA_UPDATE=no

all="fmt clippy deny rustdoc build control-plane unit standards house cli docs site control-plane-tests cluster doctests demo"

# Cargo builds a dependency again for each set of features that is asked of it, so every stage asks for the same: those of
# the whole workspace and of its dev-dependencies. The latter are what `--examples` is for; there are none.

stage() {
    case $1 in
    fmt) cargo fmt --all --check ;;
    clippy) cargo clippy --workspace --all-targets --locked -- -D warnings ;;
    deny) deny ;;
    rustdoc) RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --lib --examples --locked ;;
    build) cargo test --workspace --no-run --locked ;;
    control-plane) control_plane ;;
    unit) cargo test --workspace --lib --bins --locked ;;
    standards) cargo test --workspace --test standards --locked ;;
    house) cargo test --workspace --test house --locked ;;
    cli) cargo test --workspace --test cli --locked ;;
    docs) cargo test --workspace --test docs --locked ;;
    site) site ;;
    control-plane-tests) cargo test --workspace --test control_plane --locked ;;
    cluster) cargo test --workspace --test cluster --locked -- --test-threads=6 ;;
    doctests) cargo test --workspace --doc --locked ;;
    demo) demo ;;
    esac
}

control_plane() {
    cargo build --quiet --locked --workspace --bins --examples || return 1
    "${CARGO_TARGET_DIR:-target}/debug/podsec-control-plane" build --gitops
}

deny() {
    if cargo deny --version >/dev/null 2>&1; then
        make --no-print-directory deny
    else
        echo "cargo-deny is not installed: licences, bans and sources were NOT checked (cargo install --locked cargo-deny)"
    fi
}

site() {
    pinned=$(sed -n 's/^MDBOOK := //p' Makefile)
    if [ "$(PATH="target/tools/bin:$PATH" mdbook --version 2>/dev/null)" = "mdbook v$pinned" ]; then
        make --no-print-directory site || return 1
        cargo test --workspace --test docs --locked -- --ignored the_built_site
    else
        echo "mdBook $pinned is not installed: the built site was NOT checked (make site installs it)"
    fi
}

demo() {
    mkdir -p target
    demo/run.sh >target/demo.txt || {
        cat target/demo.txt
        return 1
    }
    demo/transcript.sh check target/demo.txt
}

table=
summary() {
    printf '\n%s' "$table"
}

for name in "$@"; do
    case " $all " in
    *" $name "*) ;;
    *)
        echo "no such stage: $name (there are: $all)" >&2
        exit 2
        ;;
    esac
done

begun=$(date +%s)
for name in ${*:-$all}; do
    printf '\n== %s\n' "$name"
    start=$(date +%s)
    status=0
    # `set -e` does not hold within: each stage is one command, or looks at each status itself.
    stage "$name" || status=$?
    seconds=$(($(date +%s) - start))
    if [ "$status" -ne 0 ]; then
        table="$table$(printf '%-20s %5s s  FAILED' "$name" "$seconds")
"
        summary
        echo "the stage $name failed; to run it alone: make test STAGES=$name" >&2
        exit 1
    fi
    echo "== $name: $seconds s"
    table="$table$(printf '%-20s %5s s' "$name" "$seconds")
"
done
table="$table$(printf '%-20s %5s s' "all" "$(($(date +%s) - begun))")
"
summary
