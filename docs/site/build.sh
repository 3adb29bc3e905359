#!/bin/sh
# Builds the site of the documentation with mdBook: build.sh FOLDER, which is made anew.
#
# Files lie in the site where they lie in the repository, so that links within it lead to the same in both.
set -eu
cd "$(dirname "$0")/../.."

# What pages link to, besides pages; tests/docs/links.rs reads this line.
copied="Containerfile LICENSE deny.toml rust-toolchain.toml crds deploy docs examples"

site=$1
book=$site.book
rm -rf "$site" "$book"
mkdir -p "$book/src"
# shellcheck disable=SC2086 # It is a list.
cp -R $copied ./*.md "$book/src"
rm -r "$book/src/docs/site"
cp docs/site/book.toml docs/site/site.css "$book"

# mdBook wants the contents at the top, from where paths are others.
sed -e 's|](|](docs/|' -e 's|](docs/\.\./|](|' docs/SUMMARY.md >"$book/src/SUMMARY.md"
rm "$book/src/docs/SUMMARY.md"

# Pages link to folders; not every server lists what is in one.
find "$book/src" -mindepth 1 -type d -not -path "$book/src/docs*" | while read -r folder; do
    name=${folder#"$book/src/"}
    {
        echo '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        echo '<meta name="viewport" content="width=device-width"><style>body { font: 1rem/1.6 monospace }</style>'
        echo "<title>$name</title><h1>$name</h1><ul><li><a href=\"../\">..</a>"
        for path in "$folder"/*; do
            entry=${path##*/}
            [ "$entry" != index.html ] || continue
            [ ! -d "$path" ] || entry=$entry/
            echo "<li><a href=\"$entry\">$entry</a>"
        done
        echo '</ul></html>'
    } >"$folder/index.html"
done

mdbook build "$book"
mv "$book/site" "$site"
rm -r "$book"
