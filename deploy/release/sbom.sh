#!/bin/sh
# Writes the list of the crates that podsec consists of into the file $1, as CycloneDX JSON.
set -eu
out=$1
cd "$(dirname "$0")/../.."

# It writes its lists beside every manifest of the workspace: not into the working tree.
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
mkdir "$staged/tests"
cp -R Cargo.toml Cargo.lock src "$staged"
cp -R tests/control-plane "$staged/tests"

cargo cyclonedx --quiet --manifest-path "$staged/Cargo.toml" --format json --spec-version 1.5 \
    --target x86_64-unknown-linux-musl --override-filename sbom
# Its names hold the path that was read.
sed "s|file://$staged|file:///podsec|g" "$staged/sbom.json" >"$out"
