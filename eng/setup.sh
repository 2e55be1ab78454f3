#!/usr/bin/env bash
# Decides where ML.NET and TorchSharp come from, and installs what that choice needs.
#
#   eng/setup.sh [--data [SAMPLE]]
#
# The published packages are the default. Where the package feed lacks the pinned versions, the marker file .use-standins makes
# the build take the projects under standins/ instead. VQVAE_DEPENDENCIES=packages|standins forces the choice.
# --data also installs what the default data of the samples needs: Fashion-MNIST, a speech synthesiser, a FLAC decoder, and, unless
# another sample is named, the game whose engine plays the walks of the video sample.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail "the .NET 10 SDK is needed: no 'dotnet' on PATH. See https://dotnet.microsoft.com/download."

# The versions are written once, in Directory.Packages.props.
pinned_version() {
    local given="${!1:-}"
    [[ -n "$given" ]] && { echo "$given"; return; }
    sed -n "s:.*<$1 [^>]*>\(.*\)</$1>.*:\1:p" Directory.Packages.props
}

# Asks the feed for exactly the pinned versions by downloading them (into NuGet's cache, where a build wants them anyway).
feed_has_packages() {
    local folder answer
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' RETURN
    cp nuget.config "$folder/"
    cat >"$folder/probe.csproj" <<PROBE
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="Microsoft.ML" Version="[$(pinned_version MicrosoftMLVersion)]" />
    <PackageDownload Include="Microsoft.ML.ImageAnalytics" Version="[$(pinned_version MicrosoftMLVersion)]" />
    <PackageDownload Include="TorchSharp" Version="[$(pinned_version TorchSharpVersion)]" />
  </ItemGroup>
</Project>
PROBE
    if answer=$(dotnet restore "$folder/probe.csproj" --nologo 2>&1); then return 0; fi
    # NU1101 and NU1102: the feed answered, and does not have the package or the version.
    grep -qE 'NU110[12]' <<<"$answer" && return 1
    printf '%s\n' "$answer" >&2
    fail "the package feed did not answer. Check the network, or choose with VQVAE_DEPENDENCIES=packages|standins."
}

install_debian_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    ((${#missing[@]} == 0)) && return
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "these Debian packages are missing: ${missing[*]}. As root, run: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "setup: installing Debian packages: ${missing[*]}" >&2
    local quietly=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends)
    if ! "${as_root[@]}" "${quietly[@]}" "${missing[@]}" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get -qq update >&2
        "${as_root[@]}" "${quietly[@]}" "${missing[@]}" >/dev/null
    fi
}

case "${VQVAE_DEPENDENCIES:-}" in
    packages) choice=packages reason="VQVAE_DEPENDENCIES says so" ;;
    standins) choice=standins reason="VQVAE_DEPENDENCIES says so" ;;
    "")
        if feed_has_packages; then
            choice=packages reason="the package feed has them"
        else
            choice=standins reason="the package feed lacks the pinned Microsoft.ML or TorchSharp"
        fi ;;
    *) fail "VQVAE_DEPENDENCIES is '$VQVAE_DEPENDENCIES'; expected 'packages' or 'standins'." ;;
esac

if [[ $choice == standins ]]; then
    command -v dpkg-query >/dev/null ||
        fail "the stand-ins are built over Debian's libtorch and need a Debian system. Use a feed that has the published packages."
    install_debian_packages g++ libtorch-dev libopenblas0-openmp libgd3
    touch .use-standins
    echo "setup: building with the stand-ins under standins/ ($reason)."
else
    rm -f .use-standins
    echo "setup: building with the published packages ($reason)."
fi

if [[ ${1:-} == --data ]] && command -v dpkg-query >/dev/null; then
    # flite speaks the sentences of the speech samples; flac unpacks recordings that come as .flac.
    install_debian_packages dataset-fashion-mnist flite flac
    # The game is large: only the sample that plays it installs it.
    [[ ${2-video} != video ]] || install_debian_packages dsda-doom freedoom
fi
