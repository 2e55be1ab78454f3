using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The mel codec, given a padded batch, gives the numbers that test/golden/mel_codec.py computed with plain PyTorch utterance by
/// utterance.</summary>
[TestClass]
public sealed class GoldenMelCodecTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("speech")]
    [DataRow("phonemes")]
    public void Codes_losses_and_all_gradients_agree(string kind)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "mel_codec.json"));
        JsonElement sizes = JsonSerializer.Deserialize<JsonElement>(file);
        JsonElement golden = sizes.GetProperty(kind);
        int Whole(string property) => sizes.GetProperty(property).GetInt32();
        using DisposeScope scope = NewDisposeScope();
        using var model = new MelVqVae(
            new MelCodecOptions
            {
                Outputs = kind == "speech" ? SpeechFeatures.LogMel : SpeechFeatures.Mfcc, Bands = Whole("bands"),
                Coefficients = Whole("coefficients"), FramesPerCode = Whole("frames_per_code"), EncoderChannels = Whole("encoder"),
                DecoderChannels = Whole("decoder"), DecoderBlocks = 1, TargetFrames = golden.GetProperty("target_frames").GetInt32(),
                MaskedSpans = 0, MaximumFrequency = 8000, SpeakerWithCodes = kind == "phonemes",
                Normalisation = FeatureNormalisation.Utterance, VocalTractWarp = 0,
            },
            new VectorQuantizerOptions
            {
                Codes = Whole("codes"), Dimensions = Whole("dimensions"), CommitmentCost = sizes.GetProperty("beta").GetDouble(),
                Learning = CodebookLearning.Gradient, InitializeFromData = false, RestartEverySteps = 0,
            },
            speakers: Whole("speakers"), seed: 1);
        using (no_grad())
        {
            foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in model.named_parameters())
                parameter.copy_(GoldenFile.Make(name, parameter.shape, name == "quantizer.codebook" ? 1.2 : 0.35));
        }
        long batch = Whole("batch"), coefficients = Whole("coefficients"), bands = Whole("bands"), frames = Whole("frames");
        if (kind == "speech")
            using (no_grad())
                model.state_dict()["outputStatistics"].copy_(Voices(Whole("speakers"), bands));
        long[] lengths = sizes.GetProperty("lengths").Deserialize<long[]>()!;
        var utterances = new AudioBatch(
            GoldenFile.Make("features", [batch, coefficients, frames], 2), tensor(lengths),
            GoldenFile.Make("normalisers", [batch, 1 + coefficients, coefficients], 0.5),
            GoldenFile.Make("targets", [batch, bands, frames], 2), tensor(sizes.GetProperty("who").Deserialize<long[]>()!));

        StepLoss losses = model.Loss(utterances, TestTask.At(0));
        losses.Total.backward();

        Tensor indices = model.Encode(utterances);
        for (int row = 0; row < lengths.Length; row++)
        {
            long[] expected = golden.GetProperty("indices")[row].Deserialize<long[]>()!;
            CollectionAssert.AreEqual(expected, TensorAssert.Longs(indices.select(0, row))[..expected.Length], $"utterance {row}");
        }
        void Loss(string property, Tensor actual) =>
            TensorAssert.Close([golden.GetProperty(property).GetSingle()], actual, Tolerance, property);
        Loss("total", losses.Total);
        Loss("error", losses.Terms["reconstruction"]);
        Loss("codebook_loss", losses.Terms["codebook"]);
        Loss("commitment_loss", losses.Terms["commitment"]);
        new GoldenFile(golden).CheckGradients(model, Tolerance);
        if (kind == "speech")
            DecodedFramesAgree(model, golden, sizes);
    }

    static void DecodedFramesAgree(MelVqVae model, JsonElement golden, JsonElement sizes)
    {
        int[] who = sizes.GetProperty("who").Deserialize<int[]>()!;
        Tensor voices = Voices(sizes.GetProperty("speakers").GetInt32(), sizes.GetProperty("bands").GetInt32());
        // The first utterance is the only one whose last code is all real.
        Tensor indices = tensor(golden.GetProperty("indices")[0].Deserialize<long[]>()!).view(1, -1, 1);
        Tensor voice = voices.select(0, who[0]);
        Tensor frames = model.DecodeToFrames(indices, who[0]).select(0, 0);
        frames = (frames - voice.select(0, 0).unsqueeze(1)) / voice.select(0, 1).unsqueeze(1);
        TensorAssert.Close(golden.GetProperty("decoded")[0].Deserialize<float[]>()!, frames, Tolerance, "decoded frames");
    }

    static Tensor Voices(long speakers, long bands)
    {
        Tensor statistics = GoldenFile.Make("voices", [speakers, 2, bands], 0.5);
        statistics.select(1, 1).add_(1.5);
        return statistics;
    }
}
