#!/usr/bin/env bash
# Packs the library and uses the package as an application does: a new program in an empty folder, built, published and run. It needs the
# machine's package sources, and leaves nothing behind. The last line says what holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=$(dotnet nuget locals global-packages --list)
packages=${packages#*: }
packages=${packages%/}
# A version of its own: NuGet would take an older package of the same version from its cache.
version=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:Version)-test.$(date +%s)
libtorch=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:LibTorchVersion)
torchsharp=$(dotnet msbuild src/Microsoft.ML.VqVae -getProperty:TorchSharpVersion)
package=$packages/microsoft.ml.vqvae/$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$package"; rmdir "${package%/*}" 2> /dev/null || :' EXIT

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

quietly dotnet pack src/Microsoft.ML.VqVae --configuration Release --nologo --output "$scratch/feed" -p:PackageVersion="$version"
[[ -s $scratch/feed/Microsoft.ML.VqVae.$version.snupkg ]] || fail "there is no package of symbols."

mkdir "$scratch/app"
cat > "$scratch/app/nuget.config" << 'END'
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="packed" value="../feed" />
  </packageSources>
</configuration>
END
cd "$scratch/app"
quietly dotnet new console --name App --output . --no-restore
quietly dotnet add package Microsoft.ML.VqVae --version "$version" --no-restore
quietly dotnet add package libtorch-cpu-linux-x64 --version "$libtorch" --no-restore
quietly dotnet restore
cat > Program.cs << 'END'
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae;

var ml = new MLContext(seed: 1);
var random = new Random(1);
var images = Enumerable.Range(0, 16)
    .Select(_ => new Image { Pixels = [.. Enumerable.Range(0, 64).Select(_ => (float)random.Next(256))] }).ToArray();
IDataView data = ml.Data.LoadFromEnumerable(images);

ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
(options.Codec.HiddenChannels, options.Codec.OuterChannels, options.Codec.ResidualChannels) = (8, 4, 4);
(options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (8, 4, 2);
(options.Training.Steps, options.Training.BatchSize) = (20, 8);
var model = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
ml.Model.Save(model, data.Schema, file);
ITransformer loaded = new MLContext().Model.Load(file, out _);
File.Delete(file);

string[] Codes(ITransformer transformer) =>
    [.. ml.Data.CreateEnumerable<Coded>(transformer.Transform(data), reuseRowObject: false).Select(row => string.Join(' ', row.Codes))];
string[] trained = Codes(model), restored = Codes(loaded);
foreach (string codes in restored)
    Console.WriteLine($"codes {codes}");
Console.WriteLine(trained.SequenceEqual(restored) ? "identical" : "different");

class Image
{
    [VectorType(64)]
    public float[] Pixels { get; set; } = [];
}

class Coded
{
    public uint[] Codes { get; set; } = [];
}
END

# What is in the package, and what it asks for.
same "In the package" "$(printf '%s\n' README.md buildTransitive/{ElfVersionNeeds.cs,Microsoft.ML.VqVae.targets} \
    lib/net10.0/Microsoft.ML.VqVae.{dll,xml} | sort)" \
    "$(cd "$package" && find . -type f ! -name '*.nuspec' ! -name '*.nupkg*' | cut -c3- | sort)"
same "As dependencies" "$(printf '%s\n' 'Microsoft.ML [6.0.0, 7.0.0)' 'Microsoft.ML.ImageAnalytics [6.0.0, 7.0.0)' "TorchSharp $torchsharp")" \
    "$(sed -n 's/.*<dependency id="\([^"]*\)" version="\([^"]*\)".*/\1 \2/p' "$package/microsoft.ml.vqvae.nuspec" | sort)"

# Whether the C++ library of this system lacks what TorchSharp's native library insists on.
library=$(PATH=$PATH:/sbin ldconfig -p | sed -n 's/.*libstdc++\.so\.6 .*x86-64.* => //p' | head -1)
[[ -n $library ]] || fail "this system has no libstdc++.so.6 for x64."
needed=GLIBCXX_3.4.32
if grep -q "$needed" "$library"; then lacks=false; else lacks=true; fi
native=$packages/torchsharp/$torchsharp/runtimes/linux-x64/native/libLibTorchSharp.so

# Runs a program: 16 images of 2×2 codes from 1 to 8, the same from the loaded model.
runs() {
    local output
    output=$("$1" 2>&1) || { echo "$output" >&2; fail "$2: the program failed."; }
    [[ $(grep -cE '^codes( [1-8]){4}$' <<< "$output") == 16 && $output == *$'\n'identical ]] \
        || { echo "$output" >&2; fail "$2: the program does not print 16 lines of codes and that the loaded model's are the same."; }
    if $lacks; then
        [[ $(cmp -l "$native" "$3" | wc -l) == 1 ]] || fail "$2: $3 does not differ from the package's file by one byte."
    else
        cmp "$native" "$3" || fail "$2: $3 is not the package's file."
    fi
}

quietly dotnet build --configuration Release --nologo
runs bin/Release/net10.0/App "build" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so

quietly dotnet publish --configuration Release --nologo --output "$scratch/published"
runs "$scratch/published/App" "publish" "$scratch/published/runtimes/linux-x64/native/libLibTorchSharp.so"
rm -rf "$scratch/published"

quietly dotnet publish --configuration Release --nologo --runtime linux-x64 --self-contained false --output "$scratch/published"
runs "$scratch/published/App" "publish for a runtime" "$scratch/published/libLibTorchSharp.so"
rm -rf "$scratch/published" bin obj

# Elsewhere than beside the project, with full paths.
quietly dotnet build --configuration Release --nologo -p:UseArtifactsOutput=true -p:ArtifactsPath="$scratch/artifacts"
runs "$scratch/artifacts/bin/App/release/App" "build to artifacts" \
    "$scratch/artifacts/bin/App/release/runtimes/linux-x64/native/libLibTorchSharp.so"
rm -rf "$scratch/artifacts"

# Without the step, the loader refuses the library where the system is too old for it.
quietly dotnet build --configuration Release --nologo -p:VqVaeRelaxNativeLibrary=false
cmp "$native" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so || fail "a build without the step changed the library."
if $lacks; then
    ldd "$native" 2>&1 | grep -q "version \`$needed' not found" || fail "the loader does not miss $needed in the package's file."
    if { (ulimit -c 0; exec bin/Release/net10.0/App) > "$scratch/log" 2>&1; } 2> /dev/null; then
        fail "the program runs without the step: it is needless here."
    fi
    grep -q "Failed to load native component LibTorchSharp" "$scratch/log" \
        || { cat "$scratch/log" >&2; fail "without the step the program fails for another reason than its native library."; }
fi
# With the step again, over what the last build left.
quietly dotnet build --configuration Release --nologo
runs bin/Release/net10.0/App "build after one without the step" bin/Release/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so

if $lacks; then how="relaxed, since $library lacks $needed; without that it does not load"; else how="as it is"; fi
echo "test-package: the package works in a new program, built and published; TorchSharp's native library is used $how."
