#!/usr/bin/env bash
# Packs the library and uses its packages as an application does: new programs in empty folders, built, published and run, in C#, F# and
# Visual Basic. It needs the machine's package sources, and leaves nothing behind. The last line says what holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

id=VqVae.MLNet
packages=$(dotnet nuget locals global-packages --list)
packages=${packages#*: }
packages=${packages%/}
# A version of its own: NuGet would take an older package of the same version from its cache.
version=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:Version)-test.$(date +%s)
libtorch=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:LibTorchVersion)
torchsharp=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:TorchSharpVersion)
package=$packages/${id,,}/$version
mpi_package=$packages/${id,,}.mpi/$version
formats_package=$packages/${id,,}.audioformats/$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$package" "$mpi_package" "$formats_package"
    rmdir "${package%/*}" "${mpi_package%/*}" "${formats_package%/*}" 2> /dev/null || :' EXIT

fail() {
    echo "test-package: $1" >&2
    exit 1
}

# Runs a command, and shows what it wrote only where it fails.
quietly() {
    "$@" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; fail "'$*' failed."; }
}

# Compares what is expected with what is found.
same() {
    [[ $2 == "$3" ]] || fail "$1 expected are
$2
but found are
$3"
}

# The text between two tags of the list of a package's properties.
property() {
    tr '\n' '\001' < "$package/${id,,}.nuspec" | sed -n "s/.*<$1[^>]*>\(.*\)<\/$1>.*/\1/p" | tr '\001' '\n'
}

# Builds once; the version and the addresses of a package are no part of its assemblies.
quietly dotnet build src/Microsoft.ML.VqVae.Mpi --configuration Release --nologo
quietly dotnet build src/Microsoft.ML.VqVae.AudioFormats --configuration Release --nologo
pack=(dotnet pack --no-build --configuration Release --nologo -p:PackageVersion="$version")

# Packs, as a clone of a public repository does, and checks what only such a clone has: absolute links, and the URL of the project.
url=https://github.com/someone/someplace
quietly "${pack[@]}" src/Microsoft.ML.VqVae --output "$scratch/public" \
    -p:RepositoryUrl="$url.git" -p:RepositoryType=git
readme=$(unzip -p "$scratch/public/$id.$version.nupkg" README.md)
! grep -nE '\]\((docs|[A-Z]+\.md)' <<< "$readme" || fail "the packed readme has relative links."
grep -q "](https://raw.githubusercontent.com/someone/someplace/[0-9a-fHEAD]*/docs/images/.*\.png)" <<< "$readme" \
    || fail "the packed readme has no pictures."
unzip -p "$scratch/public/$id.$version.nupkg" "$id.nuspec" | grep -q "<projectUrl>$url" || fail "the package does not name its project."

# Packs here.
quietly "${pack[@]}" src/Microsoft.ML.VqVae --output "$scratch/feed"
[[ -s $scratch/feed/$id.$version.snupkg ]] || fail "there is no package of symbols."
quietly "${pack[@]}" src/Microsoft.ML.VqVae.Mpi --output "$scratch/feed"
quietly "${pack[@]}" src/Microsoft.ML.VqVae.AudioFormats --output "$scratch/feed"
distributed=$PWD/docs/distributed.md
# Sounds, and what other programs decode of them.
export SOUNDS=$PWD/test/golden/audio

mkdir "$scratch/app"
cat > "$scratch/nuget.config" << 'END'
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="packed" value="feed" />
  </packageSources>
</configuration>
END
cd "$scratch/app"
quietly dotnet new console --name App --output . --no-restore
quietly dotnet add package "$id" --version "$version"
quietly dotnet add package libtorch-cpu-linux-x64 --version "$libtorch"

# What is in the package, and what it asks for.
same "In the package" "$(printf '%s\n' README.md icon.png buildTransitive/{ElfVersionNeeds.cs,$id.targets} \
    lib/net10.0/Microsoft.ML.VqVae.{dll,xml} | sort)" \
    "$(cd "$package" && find . -type f ! -name '*.nuspec' ! -name '*.nupkg*' | cut -c3- | sort)"
same "As dependencies" "$(printf '%s\n' 'Microsoft.ML [6.0.0, 7.0.0)' 'Microsoft.ML.ImageAnalytics [6.0.0, 7.0.0)' "TorchSharp $torchsharp")" \
    "$(sed -n 's/.*<dependency id="\([^"]*\)" version="\([^"]*\)".*/\1 \2/p' "$package/${id,,}.nuspec" | sort)"
for name in title description releaseNotes icon readme license tags; do
    [[ -n $(property "$name") ]] || fail "the package has no $name."
done
# Links to files of the repository would lead nowhere.
! grep -nE '\]\((docs/|[A-Z]+\.md)' "$package/README.md" || fail "the packed readme has relative links."

# The first program of the packed readme, as it is printed.
awk '/^```csharp$/ { inside = 1; next } inside && /^```$/ { exit } inside' "$package/README.md" > Program.cs
[[ $(wc -l < Program.cs) -gt 20 ]] || fail "the readme's first block is no program."

# Whether the C++ library of this system lacks what TorchSharp's native library insists on.
library=$(PATH=$PATH:/sbin ldconfig -p | sed -n 's/.*libstdc++\.so\.6 .*x86-64.* => //p' | head -1)
[[ -n $library ]] || fail "this system has no libstdc++.so.6 for x64."
needed=GLIBCXX_3.4.32
if grep -q "$needed" "$library"; then lacks=false; else lacks=true; fi
native=$packages/torchsharp/$torchsharp/runtimes/linux-x64/native/libLibTorchSharp.so

# Runs the program: it trains where there is no model file, shows its figures, and the codes of a picture.
runs() {
    local output
    output=$("$1" 2>&1) || { echo "$output" >&2; fail "$2: the program failed."; }
    grep -qE '^Picture 7: codes( [0-9]+){16}, 18 bytes$' <<< "$output" && grep -q 'of the variance), PSNR' <<< "$output" \
        || { echo "$output" >&2; fail "$2: the program does not print its figures and 16 codes."; }
    if $lacks; then
        [[ $(cmp -l "$native" "$3" | wc -l) == 1 ]] || fail "$2: $3 does not differ from the package's file by one byte."
    else
        cmp "$native" "$3" || fail "$2: $3 is not the package's file."
    fi
    echo "$output" > "$scratch/output"
}

quietly dotnet build --configuration Release --nologo
runs bin/Release/net10.0/App "build" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so
grep -q '^Step 400 of 400: loss' "$scratch/output" || fail "the program does not show its progress."
trained=$(tail -1 "$scratch/output")

# In another process it loads what the first has saved: all that follow do so.
quietly dotnet publish --configuration Release --nologo --output "$scratch/published"
runs "$scratch/published/App" "publish" "$scratch/published/runtimes/linux-x64/native/libLibTorchSharp.so"
! grep -q '^Step' "$scratch/output" || fail "the second run trains again."
same "From the loaded model, in the last line" "$trained" "$(tail -1 "$scratch/output")"
rm -rf "$scratch/published"

quietly dotnet publish --configuration Release --nologo --runtime linux-x64 --self-contained false --output "$scratch/published"
runs "$scratch/published/App" "publish for a runtime" "$scratch/published/libLibTorchSharp.so"
rm -rf "$scratch/published" bin obj

# Elsewhere than beside the project, with full paths.
quietly dotnet build --configuration Release --nologo -p:UseArtifactsOutput=true -p:ArtifactsPath="$scratch/artifacts"
runs "$scratch/artifacts/bin/App/release/App" "build to artifacts" \
    "$scratch/artifacts/bin/App/release/runtimes/linux-x64/native/libLibTorchSharp.so"
rm -rf "$scratch/artifacts"

# Without the step, the loader refuses the library where the system is too old for it: the program says so in two lines.
quietly dotnet build --configuration Release --nologo -p:VqVaeRelaxNativeLibrary=false
cmp "$native" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so || fail "a build without the step changed the library."
if $lacks; then
    if { (ulimit -c 0; exec bin/Release/net10.0/App) > "$scratch/log" 2>&1; } 2> /dev/null; then
        fail "the program runs without the step: it is needless here."
    fi
    grep -q "is there, but does not load: .*$needed" "$scratch/log" \
        || { cat "$scratch/log" >&2; fail "without the step the program fails for another reason than its native library."; }
fi
# With the step again, over what the last build left.
quietly dotnet build --configuration Release --nologo
runs bin/Release/net10.0/App "build after one without the step" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so
cd "$scratch"
rm -rf app/bin app/obj

# Other languages: F#, Visual Basic, and C# without extension properties. They train and encode a series. The package that they reference is
# the library, or one that brings it.
language() {
    local name=$1 template=$2 file=$3 referenced=$4
    mkdir "$scratch/$name"
    cd "$scratch/$name"
    quietly dotnet new console --language "$template" --name "$name" --output . --no-restore
    cat > "$file"
    quietly dotnet add package "$referenced" --version "$version"
    quietly dotnet add package libtorch-cpu-linux-x64 --version "$libtorch"
    quietly dotnet build --configuration Release --nologo "${@:5}"
    same "From the $name program" "8 codes from 0 to 63: true, 64 values" "$("bin/Release/net10.0/$name")"
    cd "$scratch"
    rm -rf "${scratch:?}/$name"
}

language FSharp 'F#' Program.fs "$id" << 'END'
open System
open Microsoft.ML
open Microsoft.ML.Data
open Microsoft.ML.VqVae

[<CLIMutable>]
type Window = { [<VectorType(64)>] Values: float32[] }

let ml = MLContext(Nullable 1)
let windows = [| for i in 1 .. 8 -> { Values = Array.init 64 (fun t -> sin (float32 (t * i) / 8.0f)) } |]
let data = ml.Data.LoadFromEnumerable windows
use codec = ml.Transforms.GetVqVae().EncodeSeries("Codes", "Values", steps = Nullable 2).Fit data
let codes = codec.Encode windows[0].Values
let inside = codes |> Array.forall (fun code -> code >= 0 && code < 64)
printfn $"{codes.Length} codes from 0 to 63: {inside.ToString().ToLower()}, {codec.Decode(codes).Length} values"
END

language VisualBasic VB Program.vb "$id" << 'END'
Imports Microsoft.ML
Imports Microsoft.ML.Data
Imports Microsoft.ML.VqVae

Module Program
    Class Window
        <VectorType(64)>
        Public Property Values As Single()
    End Class

    Sub Main()
        Dim ml = New MLContext(1)
        Dim windows = Enumerable.Range(1, 8).Select(Function(i) New Window With {
            .Values = Enumerable.Range(0, 64).Select(Function(t) CSng(Math.Sin(t * i / 8))).ToArray()}).ToArray()
        Dim data = ml.Data.LoadFromEnumerable(windows)
        Using codec = ml.Transforms.GetVqVae().EncodeSeries("Codes", "Values", steps:=2).Fit(data)
            Dim codes = codec.Encode(windows(0).Values)
            Dim inside = codes.All(Function(code) code >= 0 AndAlso code < 64)
            Console.WriteLine($"{codes.Length} codes from 0 to 63: {inside.ToString().ToLower()}, {codec.Decode(codes).Length} values")
        End Using
    End Sub
End Module
END

# It also reads MP3 and Ogg Vorbis with the package of audio formats.
language CSharp13 'C#' Program.cs "$id.AudioFormats" -p:LangVersion=13 << 'END'
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Audio;

var ml = new MLContext(seed: 1);
var windows = Enumerable.Range(1, 8)
    .Select(i => new Window { Values = Enumerable.Range(0, 64).Select(t => MathF.Sin(t * i / 8f)).ToArray() }).ToArray();
var data = ml.Data.LoadFromEnumerable(windows);
using var codec = ml.Transforms.GetVqVae().EncodeSeries("Codes", "Values", steps: 2).Fit(data);
var codes = codec.Encode(windows[0].Values);
var inside = codes.All(code => code is >= 0 and < 64);
Console.WriteLine($"{codes.Length} codes from 0 to 63: {inside.ToString().ToLower()}, {codec.Decode(codes).Length} values");

var sounds = new[] { "mono.mp3", "mono.mp3.wav", "mono.ogg", "mono.ogg.wav" }
    .Select(name => new Sound { Path = Path.Combine(Environment.GetEnvironmentVariable("SOUNDS")!, name) }).ToArray();
var files = ml.Data.LoadFromEnumerable(sounds);
var waveforms = ml.Transforms.GetVqVae().LoadAudio("Waveform", "Path", formats: AudioFormats.All).Fit(files).Transform(files)
    .GetColumn<float[]>("Waveform").ToArray();
for (int i = 0; i < waveforms.Length; i += 2)
{
    if (waveforms[i].Length != waveforms[i + 1].Length || waveforms[i].Zip(waveforms[i + 1], (one, other) => Math.Abs(one - other)).Max() > 1e-3)
        Console.WriteLine($"{sounds[i].Path} is decoded to something else than {sounds[i + 1].Path}.");
}

class Window
{
    [VectorType(64)]
    public float[] Values { get; set; } = [];
}

class Sound
{
    public string Path { get; set; } = "";
}
END

# The program of docs/distributed.md, with fewer steps, from the package for Open MPI; on two processes where Open MPI is installed.
mkdir "$scratch/Train"
cd "$scratch/Train"
quietly dotnet new console --name Train --output . --no-restore
awk '/^```csharp$/ { inside = 1; next } inside && /^```$/ { exit } inside' "$distributed" | sed 's/Steps = 200/Steps = 3/' > Program.cs
grep -q 'Steps = 3' Program.cs || fail "docs/distributed.md has no program of 200 steps."
quietly dotnet add package "$id.Mpi" --version "$version"
quietly dotnet add package libtorch-cpu-linux-x64 --version "$libtorch"
quietly dotnet build --configuration Release --nologo
if command -v mpirun > /dev/null; then
    OMP_NUM_THREADS=1 quietly mpirun --allow-run-as-root --oversubscribe --mca btl self,vader --mca mpi_yield_when_idle 1 -np 2 \
        bin/Release/net10.0/Train
    [[ -s codec.zip && -s checkpoint/checkpoint.safetensors ]] || fail "the program of docs/distributed.md saves nothing."
else
    ! bin/Release/net10.0/Train > "$scratch/log" 2>&1 && grep -q 'Open MPI was not found' "$scratch/log" \
        || { cat "$scratch/log" >&2; fail "without Open MPI, the program of docs/distributed.md does not say so."; }
fi
cd "$scratch"

if $lacks; then how="relaxed, since $library lacks $needed; without that it does not load"; else how="as it is"; fi
echo "test-package: the packages work in new programs in C# 13 and 14, F# and Visual Basic; TorchSharp's native library is used $how."
