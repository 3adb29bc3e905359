#!/bin/sh
# Packs podsec into target/dist, for the project's address $1 and the target of Rust $2, which is the machine's own when empty.
set -eu
project=$1
target=${2:-$(rustc -vV | sed -n 's/^host: //p')}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

case $project in
https://?*) ;;
*)
    echo "where are the releases to be? As in: make dist PROJECT=https://git.example/podsec" >&2
    exit 2
    ;;
esac
case $target in
x86_64-*) processor=amd64 ;;
aarch64-*) processor=arm64 ;;
*)
    echo "no archive is made for $target" >&2
    exit 2
    ;;
esac
case $target in
*-linux-*) system=linux ;;
*-apple-darwin) system=darwin ;;
*)
    echo "no archive is made for $target" >&2
    exit 2
    ;;
esac

cargo build --release --locked --bin podsec --target "$target"
mkdir -p target/dist
"$here/archive.sh" "target/$target/release/podsec" "$system" "$processor" target/dist
"$here/krew.sh" "$project" target/dist/podsec_*.tar.gz >target/dist/podsec.yaml
(cd target/dist && sha256sum -- podsec_*.tar.gz podsec.yaml >SHA256SUMS)
