#!/bin/sh
# Prints krew's manifest of podsec. $1 is the project's address, under which its releases are as GitHub has them; the others
# are archives that archive.sh made.
set -eu
project=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
version=v$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml" | head -n 1)

cat <<MANIFEST
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: podsec
spec:
  version: $version
  homepage: $project
  shortDescription: Plan, check and explain Pod Security levels
  description: |
    Says what a level of the Pod Security Standards would break before any label is set: in a cluster (plan, recommend,
    compare) or in manifests (check). Explains why a namespace has the labels that it has (why, owners), and what the API
    server itself defaults and exempts (probe).

    None of this needs anything installed in the cluster. The same program is the controller that keeps the labels right,
    as ClusterPodSecurityProfiles ask.
  caveats: |
    podsec plan reads what runs in the whole cluster. The documentation has a role for that.
  platforms:
MANIFEST
for archive in "$@"; do
    name=$(basename "$archive" .tar.gz)
    rest=${name#podsec_}
    sum=$(sha256sum "$archive" | cut -d ' ' -f 1)
    cat <<PLATFORM
  - selector:
      matchLabels:
        os: ${rest%_*}
        arch: ${rest#*_}
    uri: $project/releases/download/$version/$name.tar.gz
    sha256: $sum
    files:
    - from: podsec
      to: .
    - from: LICENSE
      to: .
    bin: podsec
PLATFORM
done
