#!/bin/sh
# Keeps the demo's transcript in README.md: `write FILE` puts FILE there, `check FILE` compares FILE with it.
# Compared is what stays the same from one run to the next: not ages, random names and the width of columns.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2016 # the back-ticks are Markdown
begin='<!-- transcript: written by `make transcript` -->'
end='<!-- end of transcript -->'

usage() {
    echo "usage: demo/transcript.sh check|write FILE" >&2
    exit 2
}

[ $# -eq 2 ] || usage
file=$2
[ -s "$file" ] || {
    echo "demo/transcript.sh: $file is not there, or empty" >&2
    exit 2
}
for mark in "$begin" "$end"; do
    grep -qxF "$mark" README.md || {
        echo "demo/transcript.sh: README.md lacks the line $mark" >&2
        exit 2
    }
done

block() {
    awk -v begin="$begin" -v end="$end" '
        $0 == begin { inside = 1; next }
        $0 == end { inside = 0 }
        inside && !/^```/
    ' README.md
}

normal() {
    sed -E \
        -e 's/ [0-9]+m?[0-9]*s( |$)/ AGE\1/g' \
        -e 's/read in [0-9.]+ s/read in TIME/' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]+Z?/TIME/g' \
        -e 's/"web-[a-z0-9]+-[a-z0-9]+"/"web-POD"/g' \
        -e 's/ +/ /g' -e 's/ $//' | sed -e '/./,$!d'
}

case $1 in
check)
    block | normal >target/transcript.readme
    normal <"$file" >target/transcript.demo
    diff target/transcript.readme target/transcript.demo || {
        echo "the transcript in README.md (<) is not what the demo shows (>); if that is right: make transcript" >&2
        exit 1
    }
    ;;
write)
    awk -v begin="$begin" -v end="$end" -v file="$file" '
        $0 == end { inside = 0 }
        !inside
        $0 == begin {
            inside = 1
            print "```console"
            started = 0
            while ((getline line < file) > 0) {
                sub(/ +$/, "", line)
                if (line != "" || started) { started = 1; print line }
            }
            print "```"
        }
    ' README.md >target/README.md
    cat target/README.md >README.md
    rm target/README.md
    ;;
*) usage ;;
esac
