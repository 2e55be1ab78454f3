#!/usr/bin/env bash
# Builds the documentation as a web site into site/: the readmes, the pages of docs/, and the reference of the public members of all packages.
# A broken link or another warning of docfx is an error. Look at it with: dotnet docfx serve site
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dotnet tool restore --verbosity quiet
# The samples reference the library and the audio formats, and their output has the assemblies that the reference names types of.
for project in src/Samples src/Microsoft.ML.VqVae.Mpi; do
    dotnet build "$project" --configuration Release --nologo --verbosity quiet
done

# docfx builds a copy of the pages, in which a readme is the index of its folder, as it is on GitHub. (cp --parents and sed -i are not, or not
# alike, on macOS.)
pages=obj/site
rm -rf "$pages" site
mkdir -p "$pages"
tar -cf - ./*.md docs src/*/README.md | tar -xf - -C "$pages"
cp -r eng/site/. eng/icon.png "$pages"
find "$pages" -name README.md | while read -r readme; do mv "$readme" "${readme%README.md}index.md"; done
find "$pages" -name '*.md' | while read -r page; do
    sed -E 's#(\]\(([^):]*/)?)README\.md#\1index.md#g' "$page" > "$page.linked"
    mv "$page.linked" "$page"
done

# The table of contents beside each page is that of docs/README.md: a line in front of a list is a group, a list item is a page.
awk '
    /^[A-Z].*:$/ { sub(/:$/, ""); print "- name: \"" $0 "\""; print "  items:" }
    match($0, /^- \[[^]]*\]\([^)]*\)/) {
        split(substr($0, 4, RLENGTH - 4), link, /\]\(/)
        print "  - name: \"" link[1] "\""; print "    href: " link[2]
    }' "$pages/docs/index.md" > "$pages/docs/toc.yml"

dotnet docfx "$pages/docfx.json" --warningsAsErrors --logLevel warning
echo "build-docs: site/index.html"
