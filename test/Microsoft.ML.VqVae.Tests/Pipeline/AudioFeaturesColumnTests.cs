using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The column of the features that the encoder of an audio codec reads.</summary>
[TestClass]
public sealed class AudioFeaturesColumnTests
{
    readonly MLContext _ml = new(seed: 1);

    AudioVqVaeTransformer Fit(FeatureNormalisation normalisation)
    {
        MelCodecOptions codec = TinySpeech.Mel();
        codec.Normalisation = normalisation;
        AudioVqVaeOptions options = TinySpeech.Options(codec, steps: 3);
        options.FeaturesColumnName = "Features";
        return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
    }

    [TestMethod]
    public void Features_are_the_cepstra_of_the_waveform_with_mean_zero_and_deviation_one()
    {
        using AudioVqVaeTransformer transformer = Fit(FeatureNormalisation.Utterance);
        Assert.AreEqual("Features", transformer.FeaturesColumnName);
        TinySpeech.Row[] rows = TinySpeech.Rows(3);
        List<object[]> read = Values.Read(transformer.Transform(TinySpeech.Data(_ml, rows)), "Features");
        using var cepstra = new Mfcc(new MfccOptions
        {
            Coefficients = 8,
            Spectrogram = new MelSpectrogramOptions
            {
                SampleRate = TinySpeech.SampleRate, WindowLength = 100, HopLength = 40, FftLength = 128, Bands = 20, LowestFrequency = 50,
                HighestFrequency = 1900, PreEmphasis = 0.97,
            },
        });
        for (int row = 0; row < rows.Length; row++)
        {
            float[,] frames = cepstra.Compute(rows[row].Waveform);
            int count = frames.GetLength(0);
            float[] features = (float[])read[row][0];
            Assert.HasCount(count * 8, features, "the frames of the utterance, not those of the longest of the batch");
            for (int c = 0; c < 8; c++)
            {
                double[] values = [.. Enumerable.Range(0, count).Select(frame => (double)frames[frame, c])];
                double mean = values.Average(), deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
                for (int frame = 0; frame < count; frame++)
                    Assert.AreEqual((values[frame] - mean) / deviation, features[frame * 8 + c], 2e-3, $"row {row}, frame {frame}, {c}");
            }
        }
    }

    [TestMethod]
    public void A_saved_codec_gives_the_same_features_also_adapted_ones()
    {
        using AudioVqVaeTransformer transformer = Fit(FeatureNormalisation.Adapted);
        IDataView data = TinySpeech.Data(_ml);
        List<object[]> expected = Values.Read(transformer.Transform(data), "Features", "Codes");
        using var file = new MemoryStream();
        _ml.Model.Save(transformer, data.Schema, file);
        file.Position = 0;
        ITransformer loaded = _ml.Model.Load(file, out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(data), "Features", "Codes"));
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void An_encoder_of_samples_has_no_features()
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Waveform());
        options.FeaturesColumnName = "Features";
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options)).Message;
        StringAssert.Contains(message, "FeaturesColumnName");
        StringAssert.Contains(message, "MelCodecOptions");
    }
}
