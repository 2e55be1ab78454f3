#!/usr/bin/env bash
# Installs what the default data of a sample or some tests need, on Debian and its relatives; elsewhere samples and tests say what they miss.
#
#   eng/install-sample-data.sh [SAMPLE | tests | all]
set -euo pipefail

command -v dpkg-query >/dev/null || exit 0

# Pictures; a speech synthesiser and a decoder of FLAC recordings; a game whose engine plays the walks of the video sample.
pictures=(dataset-fashion-mnist) speech=(flite flac) video=(dsda-doom freedoom)
# For tests: Open MPI, which starts several processes that train together, and the decoder of FLAC.
tests=(openmpi-bin flac)
case "${1:-}" in
    images | generate | compare | two-level | compress | features | anomalies | encode) wanted=("${pictures[@]}") ;;
    phonemes | speakers | speech-prior) wanted=("${speech[@]}") ;;
    video) wanted=("${video[@]}") ;;
    tests) wanted=("${tests[@]}") ;;
    all) wanted=("${pictures[@]}" "${speech[@]}" "${video[@]}" "${tests[@]}") ;;
    *) exit 0 ;;
esac

missing=()
for name in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
done
((${#missing[@]} == 0)) && exit 0
if ((EUID != 0)); then
    echo "The default data of this sample needs Debian packages that are not installed. Run: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing Debian packages for the sample data: ${missing[*]}" >&2
quietly=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends)
if ! "${quietly[@]}" "${missing[@]}" >/dev/null 2>&1; then
    apt-get -qq update >&2
    "${quietly[@]}" "${missing[@]}" >/dev/null
fi
