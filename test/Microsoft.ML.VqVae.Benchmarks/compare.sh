#!/usr/bin/env bash
# Builds the benchmarks and measures them in turn with the same models in PyTorch on the same libtorch:
#   ./compare.sh [--rounds N] [--models fast,wide,fast-prior,wide-prior,fast-wave-prior,wave-prior,wave-decoder]
# Needs Debian's python3-torch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../../eng/setup.sh
# The two processes share the cores; the one that waits must not spin.
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}
dll=$(dotnet build --configuration Release --nologo -verbosity:quiet -target:Build -getProperty:TargetPath)
exec /usr/bin/python3 compare.py "$dll" "$@"
