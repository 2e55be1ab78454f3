using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that detects anomalies by their codes: it trains a prior over the codes of normal rows, or
/// takes a trained one, and learns the score above which a row is an anomaly, a quantile of their scores. A score is the mean number of
/// bits of the codes of a row under the prior, −log2 p.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, of known or variable size, as codecs output it |
/// | Condition, optional | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey outputs it |
/// | Image, for heat maps | The input column of the codec |
/// | Score | <xref:System.Single>: bits per code, higher for anomalies |
/// | PredictedLabel | <xref:System.Boolean>: whether the score is above the threshold |
/// | Bits per code, on request | A vector of <xref:System.Single> with the dimensions of the codes |
/// | Heat map, on request | <xref:Microsoft.ML.Data.MLImage>: the bits of the codes over the image |
/// | Restored codes, on request | The type of Codes: codes above the threshold of a code are sampled from the prior |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Machine learning task | Anomaly detection |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | The rows are read twice, so that caching codes saves time |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Score, label and bits per code; restored codes and heat maps are not |
/// ]]></format>
///
/// <para>Train on normal rows alone, without labels. With a share of anomalies in the training rows, choose
/// <see cref="AnomalyDetectionOptions.Quantile"/> no higher than the share of normal ones.</para>
/// <para>Restoration of codes above a threshold: "Anomaly detection through latent space restoration using vector quantized variational
/// autoencoders" (Marimont and Tarroni 2020, arXiv 2012.06765).</para>
/// </remarks>
public sealed class AnomalyDetectionEstimator : IEstimator<AnomalyDetectionTransformer>
{
    // Room for the quantile of the bits of codes; of more codes a regular sample is kept.
    const int MaxKeptBits = 1 << 24;

    readonly IHostEnvironment _environment;
    readonly AnomalyColumns _columns;

    internal AnomalyDetectionEstimator(IHostEnvironment environment, string codesColumnName, AnomalyDetectionOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, Options) = (environment, options);
        PriorTransformer? trained = options.TrainedPrior;
        if (trained is { ConditionColumnName: null } && options.ConditionColumnName is string condition)
        {
            throw new ArgumentException($"ConditionColumnName is '{condition}', but TrainedPrior was trained without conditions. Leave it "
                + "null, or train a prior with them.", nameof(options));
        }
        _columns = new AnomalyColumns(codesColumnName, options.ConditionColumnName ?? trained?.ConditionColumnName,
            options.HeatMapColumnName is null ? null : options.Codec!.InputColumnName, options.ScoreColumnName,
            options.PredictedLabelColumnName, options.PerCodeColumnName, options.RestoredCodesColumnName, options.HeatMapColumnName);
        SchemaColumns.RequireDistinct(_columns.Outputs.OfType<string>());
    }

    internal AnomalyDetectionOptions Options { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CodeFormat.Check(inputSchema, _columns.Codes, ofKnownSize: Options.TrainedPrior is null && Options.Prior.NeedsGrid);
        if (_columns.Condition is string condition)
            CategorySet.Check(inputSchema, condition, "condition");
        if (_columns.Image is string image)
            PixelInput.Check(inputSchema, image);
        return SchemaColumns.With(
            inputSchema, [.. _columns.ToOutputs(AnomalySettings.Unlimited(Options)).Select(column => column.Shape(inputSchema))]);
    }

    /// <summary>Trains the prior, unless there is one, and learns the thresholds in a pass over the rows.</summary>
    /// <param name="input">Normal rows; only the columns of codes, conditions and, for heat maps, images are read.</param>
    /// <returns>The transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type: for a trained prior, other codes
    /// than it was trained on.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a row holds an unsuitable value, or the codec of heat maps makes
    /// other codes than those of the column.</exception>
    /// <exception cref="ObjectDisposedException">The trained prior or the codec was disposed.</exception>
    /// <exception cref="OperationCanceledException">Training was canceled.</exception>
    public AnomalyDetectionTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Options.Validate();
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        RequireCodesOfCodec(codes);
        AnomalySettings unlimited = AnomalySettings.Unlimited(Options);
        if (_columns.Image is string image)
            new PixelInput(image, unlimited.Pixels!).Find(input.Schema);
        using PriorTransformer? own = Options.TrainedPrior is null
            ? new PriorEstimator(_environment, Options.Prior, new PriorColumns(_columns.Codes, _columns.Condition, "Bits", PerCode: null))
                .Fit(input)
            : null;
        PriorTransformer prior = own ?? Options.TrainedPrior!;
        AnomalyColumns scored = AnomalyColumns.ForThresholds(_columns);
        (float threshold, float codeThreshold) limits;
        using (var scorer = new AnomalyDetectionTransformer(prior.Model.Share(), scored, unlimited))
            limits = Thresholds(scorer.Transform(input), scored);
        return new AnomalyDetectionTransformer(prior.Model.Share(), _columns,
            unlimited with { Threshold = limits.threshold, CodeThreshold = limits.codeThreshold }, own?.TrainingSummary);
    }

    (float Row, float Code) Thresholds(IDataView scored, AnomalyColumns columns)
    {
        DataViewSchema.Column score = scored.Schema[columns.Score], perCode = scored.Schema[columns.PerCode!];
        List<float> scores = [], bits = [];
        using DataViewRowCursor cursor = scored.GetRowCursor([score, perCode]);
        ValueGetter<float> getScore = cursor.GetGetter<float>(score);
        ValueGetter<VBuffer<float>> getBits = cursor.GetGetter<VBuffer<float>>(perCode);
        float value = 0;
        VBuffer<float> ofRow = default;
        long seen = 0, stride = 1;
        CancellationToken cancellation = Options.Prior.Training.CancellationToken;
        // A canceled training that returns its model is followed by thresholds for it.
        bool stops = Options.TrainedPrior is not null || !Options.Prior.Training.ReturnModelWhenCanceled;
        while (cursor.MoveNext())
        {
            if (stops)
                cancellation.ThrowIfCancellationRequested();
            getScore(ref value);
            scores.Add(value);
            getBits(ref ofRow);
            foreach (float bitsOfCode in ofRow.DenseValues())
            {
                if (seen++ % stride == 0)
                    bits.Add(bitsOfCode);
            }
            if (bits.Count <= MaxKeptBits)
                continue;
            bits = [.. bits.Where((_, index) => index % 2 == 0)];
            stride *= 2;
        }
        return scores.Count > 0 ? (JustAbove(Quantile(scores, Options.Quantile)), JustAbove(Quantile(bits, Options.CodeQuantile)))
            : throw new InvalidOperationException(
                $"The data view has no rows: there is nothing in column '{_columns.Codes}' to learn a threshold from.");
    }

    /// <summary>The smallest of the values at or below which the share of all values lies.</summary>
    internal static float Quantile(List<float> values, double share)
    {
        values.Sort();
        double count = share == 1 ? values.Count : Math.Ceiling(share * AnomalySettings.RoundingOfShares * values.Count);
        return values[Math.Clamp((int)count - 1, 0, values.Count - 1)];
    }

    /// <summary>A threshold above the value, beyond the rounding of bits, which differs between a row alone and in a batch: the training row
    /// with this value must not be an anomaly in one of them only.</summary>
    static float JustAbove(float value) => value + 1e-5f * Math.Max(1, value);

    // A heat map is that of the image only if the codes are those of its codec.
    void RequireCodesOfCodec(DataViewSchema.Column codes)
    {
        if (Options.HeatMapColumnName is null)
            return;
        ImageVqVaeTransformer codec = Options.Codec!;
        codec.RequirePictures();
        (int height, int width, int perPosition) = codec.CodeGrid;
        CodeFormat format = CodeFormat.Of(codes);
        if (format.Codes != codec.Codes || format.Length != height * width * perPosition)
        {
            throw new InvalidOperationException($"The codec of the heat maps makes {height}×{width}×{perPosition} codes of {codec.Codes}, "
                + $"but column '{codes.Name}' is {codes.Type}: set Codec to the transformer that made the column.");
        }
    }
}
