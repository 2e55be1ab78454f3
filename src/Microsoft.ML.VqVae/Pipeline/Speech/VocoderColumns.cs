global using VocoderModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.VocoderDescription, Microsoft.ML.VqVae.Networks.WaveNetVocoder>;
using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a vocoder in a model file: all that is needed to recreate it, except its weights.</summary>
/// <param name="Spectrogram">The settings of the frames.</param>
/// <param name="PredictionOrder">Number of earlier samples that a sample is predicted from.</param>
/// <param name="Network">The WaveNet of the excitation; a latent is a frame.</param>
/// <param name="Temperature">The divisor of the logits.</param>
/// <param name="PredictionBatchSize">Number of rows that a cursor reads ahead.</param>
/// <param name="Seed">The seed of all samples.</param>
internal sealed record VocoderDescription(
    MelSpectrogramOptions Spectrogram, int PredictionOrder, WaveNetDecoderOptions Network, double Temperature, int PredictionBatchSize, int Seed)
    : INetworkDescription<WaveNetVocoder>
{
    // No weight bounds it: a model file could ask for hours of work.
    const int MaxPredictionOrder = 64;

    public WaveNetVocoder CreateNetwork(int seed) => new(Network, seed);

    public LinearPrediction ToPrediction() => new(Spectrogram, PredictionOrder);

    /// <summary>The frames in words.</summary>
    public string FramesText() => string.Create(
        CultureInfo.InvariantCulture, $"frames of {Spectrogram.Bands} bands, each {Spectrogram.HopLength} samples, {Spectrogram.SampleRate} Hz");

    public void Describe(OptionProblems problems)
    {
        Spectrogram.Describe(problems);
        DescribeNetwork(problems);
    }

    /// <summary>Checks all but the settings of the frames, which the options of their codec check under names of their own.</summary>
    public void DescribeNetwork(OptionProblems problems)
    {
        Network.Describe(problems);
        problems.Require(PredictionOrder is >= 1 and <= MaxPredictionOrder, nameof(PredictionOrder), $"from 1 to {MaxPredictionOrder}",
            PredictionOrder);
        problems.Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), "a finite number above 0", Temperature);
        problems.Require((Network.LatentChannels, Network.SamplesPerLatent) == (Spectrogram.Bands, Spectrogram.HopLength),
            nameof(Network), $"of {Spectrogram.Bands} channels and {Spectrogram.HopLength} samples, as a frame",
            $"{Network.LatentChannels} and {Network.SamplesPerLatent}");
    }
}

/// <summary>The column names of a vocoder.</summary>
internal sealed record VocoderColumns(string Frames, string Output) : IColumnNames<VocoderDescription>
{
    public void Describe(OptionProblems problems, VocoderDescription model) => SchemaColumns.Describe(problems, [Frames], [Output]);

    public ModelInput ToInput(VocoderModel model) => new SeriesInput(
        Frames, model.Description.Spectrogram.Bands, maxLogarithm: GriffinLim.MaxLogPower);

    public IReadOnlyList<ModelColumn<VocoderModel, VocoderPass>> ToOutputs() =>
    [
        new(Output, _ => ColumnTypes.SequenceShape(Output), _ => ColumnTypes.Sequence(Output),
            (pass, column) => pass.Generate((NumberSequenceColumn)column)),
    ];
}

/// <summary>A batch of frames on its way through the network.</summary>
internal sealed class VocoderPass(VocoderModel model, IReadOnlyList<Tensor> inputs)
{
    // The order of the tensors of SeriesReader.
    const int Frames = 0, Lengths = 1;

    /// <summary>Makes the sound of each row, which depends on its frames and the model only: rows are sampled one by one, on all
    /// cores.</summary>
    public void Generate(NumberSequenceColumn column)
    {
        long[] lengths = inputs[Lengths].data<long>().ToArray();
        LinearPrediction prediction = model.Description.ToPrediction();
        Parallel.For(0, lengths.Length, row =>
        {
            if (lengths[row] == 0)
            {
                column.Store(row, []);
                return;
            }
            using DisposeScope scope = NewDisposeScope();
            Tensor frames = inputs[Frames].narrow(0, row, 1).narrow(2, 0, lengths[row]);
            float[] excitation = model.Network.Generate(frames.to(model.Device), model.Description.Temperature, model.Description.Seed);
            column.Store(row, prediction.Synthesize(frames.select(0, 0).t().contiguous().data<float>().ToArray(), excitation));
        });
    }
}
