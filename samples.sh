#!/usr/bin/env bash
# Installs the default data of a sample and runs it: ./samples.sh images [options]. Without arguments it lists the samples.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# With data of the user's own, or with a question for help, no default data is needed.
[[ " $* " == *" --data"* || " $* " == *" --help "* ]] || "$here/eng/install-sample-data.sh" "${1:-}"

program=$(dotnet build "$here/src/Samples" --configuration Release --nologo -verbosity:quiet -target:Build -getProperty:TargetPath)
exec dotnet "$program" "$@"
