using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

[assembly: LoadableClass(
    typeof(MaximumEntropyModelParameters), null, typeof(SignatureLoadModel), "", MaximumEntropyModelParameters.LoaderSignature)]

namespace Microsoft.ML.Trainers;

public abstract class ModelParametersBase<TOutput> : ICanSaveModel
{
    private protected ModelParametersBase() { }

    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveCore(ctx);

    private protected abstract void SaveCore(ModelSaveContext ctx);
}

/// <summary>A bias and a weight for every feature, for each of several classes.</summary>
public abstract class LinearMulticlassModelParametersBase : ModelParametersBase<VBuffer<float>>
{
    /// <summary>The classes' biases, then for each feature its weight for every class.</summary>
    internal readonly float[] Parameters;
    internal readonly int NumberOfClasses;
    internal readonly int NumberOfFeatures;

    private protected LinearMulticlassModelParametersBase(float[] parameters, int classes, int features)
    {
        Parameters = parameters;
        NumberOfClasses = classes;
        NumberOfFeatures = features;
    }

    /// <summary>Writes the classes' scores for a row of features.</summary>
    internal void Score(in VBuffer<float> features, Span<float> scores)
    {
        Contracts.Check(features.Length == NumberOfFeatures, "src length should equal the number of features");
        Parameters.AsSpan(0, NumberOfClasses).CopyTo(scores);
        var values = features.GetValues();
        var indices = features.GetIndices();
        for (int i = 0; i < values.Length; i++)
        {
            int feature = features.IsDense ? i : indices[i];
            if (values[i] != 0)
                DenseMath.AddScaled(scores, values[i], Parameters.AsSpan((feature + 1) * NumberOfClasses, NumberOfClasses));
        }
        Calibrate(scores);
    }

    private protected abstract void Calibrate(Span<float> scores);
}

/// <summary>The model of multinomial logistic regression: scores are probabilities.</summary>
public sealed class MaximumEntropyModelParameters : LinearMulticlassModelParametersBase
{
    internal const string LoaderSignature = "MultiClassLRExec";

    internal MaximumEntropyModelParameters(IHostEnvironment env, float[] parameters, int classes, int features)
        : base(parameters, classes, features) => env.CheckParam(parameters.Length == classes * (features + 1), nameof(parameters));

    private static MaximumEntropyModelParameters Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("MULTI LR", LoaderSignature));
        int features = ctx.Reader.ReadInt32(), classes = ctx.Reader.ReadInt32();
        var parameters = new float[classes * (features + 1)];
        ctx.Reader.BaseStream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(parameters.AsSpan()));
        return new MaximumEntropyModelParameters(env, parameters, classes, features);
    }

    private protected override void SaveCore(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("MULTI LR", LoaderSignature));
        ctx.Writer.Write(NumberOfFeatures);
        ctx.Writer.Write(NumberOfClasses);
        ctx.Writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Parameters.AsSpan()));
    }

    private protected override void Calibrate(Span<float> scores)
    {
        float highest = float.NegativeInfinity, sum = 0;
        foreach (float score in scores)
            highest = Math.Max(highest, score);
        foreach (ref float score in scores)
            sum += score = MathF.Exp(score - highest);
        DenseMath.Scale(scores, 1 / sum);
    }
}
