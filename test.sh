#!/usr/bin/env bash
# Builds everything and runs all tests. The last line is "N passed, N failed" (", N skipped" where there are any).
# Further arguments go to `dotnet test`, for example: ./test.sh --filter VectorQuantizer
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

dotnet build VqVae.MLNet.sln --configuration Release --nologo -verbosity:quiet -maxCpuCount || { echo "test: the build failed." >&2; exit 1; }
# One test assembly at a time: two OpenMP pools on the same cores slow each other down.
dotnet test VqVae.MLNet.sln --configuration Release --no-build --nologo -maxCpuCount:1 \
    --logger trx --results-directory "$results" "$@"
status=$?

# The counts are those of the result files, summed over the test assemblies.
counts=$(cat "$results"/*.trx 2>/dev/null | grep -o '<Counters [^>]*' | awk '
    function value(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0 : 0 }
    { passed += value("passed"); skipped += value("total") - value("executed"); failed += value("executed") - value("passed") }
    END { printf "%d passed, %d failed%s", passed, failed, skipped ? ", " skipped " skipped" : "" }')
[[ $status == 0 && $counts == 0\ passed* ]] && { echo "test: no test ran." >&2; status=1; }
echo "$counts"
exit "$status"
