using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(CodeLabelMapTransformer), null, typeof(SignatureLoadModel), "Code to label map",
    CodeLabelMapTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Predicts the label that a code met most often in training; what <see cref="CodeLabelMapTrainer"/> makes.</summary>
public sealed class CodeLabelMapTransformer : RowByRowTransformer
{
    internal const string LoaderSignature = "VqVaeCodeLabelMap";
    const string ModelSignature = "VQVAEMAP";

    readonly CodeLabelCounts _counts;
    readonly LabelValues? _values;

    internal CodeLabelMapTransformer(string labelColumnName, string codeColumnName, CodeLabelCounts counts, LabelValues? values)
        : base(new CodeLabelScoring(codeColumnName, counts, values)) =>
        (LabelColumnName, CodeColumnName, _counts, _values) = (labelColumnName, codeColumnName, counts, values);

    // Found by ML.NET by its name and parameters.
    static CodeLabelMapTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        SavedCodeLabelMap saved = ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.SavedCodeLabelMap);
        if (saved.Codes < 1 || saved.Labels < 1 || saved.Counts.LongLength != (long)saved.Codes * saved.Labels)
        {
            throw new FormatException($"The model '{LoaderSignature}' has {saved.Counts.LongLength} counts for {saved.Codes} codes and "
                + $"{saved.Labels} labels: the model file is damaged. Save the model again.");
        }
        return new(saved.Label, saved.Code, new CodeLabelCounts(saved.Codes, saved.Labels, saved.Counts), saved.Values);
    }

    /// <summary>The column of labels of the training data; it is not needed for a prediction.</summary>
    public string LabelColumnName { get; }

    /// <summary>The column of codes that is read.</summary>
    public string CodeColumnName { get; }

    /// <summary>K: how many codes there are.</summary>
    public int Codes => _counts.Codes;

    /// <summary>How many labels there are.</summary>
    public int Labels => _counts.Labels;

    /// <summary>How many rows of the training data had a code and a label.</summary>
    /// <param name="code">The key of the code, from 1 to <see cref="Codes"/>.</param>
    /// <param name="label">The key of the label, from 1 to <see cref="Labels"/>.</param>
    /// <returns>The number of rows.</returns>
    public long CountOf(uint code, uint label)
    {
        ArgumentOutOfRangeException.ThrowIfZero(code);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, (uint)Codes);
        ArgumentOutOfRangeException.ThrowIfZero(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label, (uint)Labels);
        return _counts.Of(code, label);
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature,
        new SavedCodeLabelMap(LabelColumnName, CodeColumnName, Codes, Labels, [.. _counts.All], _values),
        SavedJson.Default.SavedCodeLabelMap);
}

/// <summary>The JSON text of a <see cref="CodeLabelMapTransformer"/> in a model file.</summary>
internal sealed record SavedCodeLabelMap(string Label, string Code, int Codes, int Labels, long[] Counts, LabelValues? Values);
