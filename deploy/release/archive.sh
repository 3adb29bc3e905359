#!/bin/sh
# Packs the binary $1, which runs on the system $2 (linux, darwin) and processor $3 (amd64, arm64), into the folder $4; prints
# the archive's path. The same binary makes the same archive.
set -eu
binary=$1 system=$2 processor=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp "$binary" "$staged/podsec"
cp "$here/../../LICENSE" "$staged/LICENSE"
chmod 755 "$staged/podsec"
chmod 644 "$staged/LICENSE"
archive=$folder/podsec_${system}_$processor.tar.gz
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$staged" -cf - podsec LICENSE | gzip -n >"$archive"
echo "$archive"
