using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The thresholds of a detector of anomalies, and its settings of scoring.</summary>
/// <param name="Threshold">The highest score of a normal row, in bits per code.</param>
/// <param name="CodeThreshold">The highest number of bits of a normal code.</param>
/// <param name="ScoredShare">The share of the codes of a row, those with the most bits, whose mean is the score.</param>
/// <param name="RestorationSeed">The seed of restored codes.</param>
/// <param name="Pixels">The layout of the images, for heat maps.</param>
/// <param name="Grid">Height, width and codes per position of the codes of an image, for heat maps.</param>
internal sealed record AnomalySettings(
    float Threshold, float CodeThreshold, double ScoredShare, int RestorationSeed, ImageFormat? Pixels, int[]? Grid)
{
    /// <summary>The factor of a share whose product with a count is rounded up. As a binary number a share may be more than its decimal one,
    /// and 0.6 · 25 more than 15.</summary>
    public const double RoundingOfShares = 1 - 3e-7;

    /// <summary>The settings of options, with thresholds that no row exceeds.</summary>
    public static AnomalySettings Unlimited(AnomalyDetectionOptions options)
    {
        (ImageFormat? pixels, int[]? grid) = (null, null);
        if (options is { HeatMapColumnName: not null, Codec: ImageVqVaeTransformer codec })
            (pixels, grid) = (codec.Pixels, [codec.CodeGrid.Height, codec.CodeGrid.Width, codec.CodeGrid.CodesPerPosition]);
        return new(float.MaxValue, float.MaxValue, options.ScoredShare, options.RestorationSeed, pixels, grid);
    }

    public void Describe(OptionProblems problems, int? codesPerRow)
    {
        problems.Require(float.IsFinite(Threshold), nameof(Threshold), "a finite number", Threshold);
        problems.Require(float.IsFinite(CodeThreshold) && CodeThreshold >= 0, nameof(CodeThreshold), "a finite number of 0 or more",
            CodeThreshold);
        AnomalyDetectionOptions.RequireShare(problems, nameof(ScoredShare), ScoredShare);
        problems.Require(Pixels is null == Grid is null, nameof(Grid), "set where Pixels is", Grid?.Length);
        if (Pixels is null || Grid is null)
            return;
        Pixels.Describe(problems, new ImageCodecOptions { Height = Pixels.Height, Width = Pixels.Width, Channels = Pixels.Channels });
        problems.Require(Pixels is { Frames: 0, Channels: 1 or 3, Height: > 0, Width: > 0 }, nameof(Pixels),
            "an image of 1 or 3 channels", Pixels);
        bool fits = Grid.Length == 3 && Array.TrueForAll(Grid, size => size > 0)
            && Grid.Aggregate((Int128)1, (product, size) => product * size) == (codesPerRow ?? 0);
        problems.Require(fits, nameof(Grid), string.Create(CultureInfo.InvariantCulture, $"three sizes of {codesPerRow} codes together"),
            string.Join('×', Grid));
    }
}

/// <summary>The column names of a detector of anomalies; null for columns that are not read or not requested.</summary>
internal sealed record AnomalyColumns(
    string Codes, string? Condition, string? Image, string Score, string PredictedLabel, string? PerCode, string? RestoredCodes,
    string? HeatMap) : IColumnNames<PriorDescription>
{
    public IReadOnlyList<string?> Outputs => [Score, PredictedLabel, PerCode, RestoredCodes, HeatMap];

    /// <summary>The columns that thresholds are learned from.</summary>
    public static AnomalyColumns ForThresholds(AnomalyColumns columns) => new(
        columns.Codes, columns.Condition, null, "Score", "PredictedLabel", "PerCode", null, null);

    public void Describe(OptionProblems problems, PriorDescription model)
    {
        SchemaColumns.Describe(problems, [Codes, Condition, Image], Outputs);
        problems.Require(Condition is null == model.Conditions is null, "Columns.Condition",
            model.Conditions is null ? "null where Conditions is" : "the name of a column where Conditions is set", Condition);
        problems.Require(Image is null == HeatMap is null, "Columns.Image", "set where HeatMap is", Image);
    }

    public ModelInput ToInput(PriorModel model, AnomalySettings settings)
    {
        List<ModelInput> inputs = [new CodesInput(Codes, model.Description.Format)];
        if (model.Description.Conditions is CategorySet conditions)
            inputs.Add(new CategoryInput(Condition!, conditions, "condition"));
        if (Image is not null)
            inputs.Add(new PixelInput(Image, settings.Pixels!, inOnnx: false));
        return new CombinedInput([.. inputs]);
    }

    public IReadOnlyList<ModelColumn<PriorModel, AnomalyPass>> ToOutputs(AnomalySettings settings)
    {
        List<ModelColumn<PriorModel, AnomalyPass>> columns =
        [
            ModelColumn<PriorModel, AnomalyPass>.Number(Score, pass => pass.Score, ToOnnxScore),
            new(PredictedLabel, _ => MLNetInternals.ShapeColumn(
                PredictedLabel, SchemaShape.Column.VectorKind.Scalar, BooleanDataViewType.Instance),
                _ => new(PredictedLabel, BooleanDataViewType.Instance), (pass, column) => column.Store(pass.IsAnomaly),
                onnx: (model, inputs) => ToOnnxScore(model, inputs).Greater(settings.Threshold)),
        ];
        if (PerCode is string perCode)
        {
            columns.Add(new(perCode, schema => ColumnTypes.PerCodeShape(perCode, CodeFormat.Check(schema, Codes)),
                model => ColumnTypes.PerCode(perCode, model.Description.Format), (pass, column) => pass.StorePerCode(column),
                onnx: PriorColumns.ToOnnxBits));
        }
        if (RestoredCodes is string restored)
        {
            columns.Add(new(restored, schema => ColumnTypes.CodesShape(restored, CodeFormat.Check(schema, Codes)),
                model => ColumnTypes.Codes(restored, model.Description.Format), (pass, column) => pass.StoreRestored(column)));
        }
        if (HeatMap is string heatMap)
        {
            ImageFormat pixels = settings.Pixels!;
            ImageFormat picture = new(pixels.Height, pixels.Width, Channels: 3, Interleaved: false, FromImages: true);
            columns.Add(new(heatMap, _ => MLNetInternals.ShapeColumn(
                heatMap, SchemaShape.Column.VectorKind.Scalar, new ImageDataViewType(pixels.Height, pixels.Width)),
                _ => new(heatMap, new ImageDataViewType(pixels.Height, pixels.Width)), (pass, column) => column.Store(pass.HeatMap),
                (_, capacity) => new ImageColumn(picture, capacity)));
        }
        return columns;

        OnnxValue ToOnnxScore(PriorModel model, IReadOnlyList<OnnxValue> inputs)
        {
            OnnxValue bits = PriorColumns.ToOnnxBits(model, inputs);
            return (settings.ScoredShare == 1 ? bits : bits.Largest(settings.ScoredShare * AnomalySettings.RoundingOfShares)).Mean(1);
        }
    }
}

/// <summary>The JSON text of an <see cref="AnomalyDetectionTransformer"/> in a model file.</summary>
/// <param name="Model">The prior.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Settings">The thresholds, and how rows are scored.</param>
internal sealed record SavedAnomalies(PriorDescription Model, AnomalyColumns Columns, AnomalySettings Settings) : ISaved<PriorDescription>
{
    public void Describe(OptionProblems problems)
    {
        Model.Describe(problems);
        NetworkOptions.DescribeBatchSize(problems, Model.PredictionBatchSize);
        Columns.Describe(problems, Model);
        if (problems.Any)
            return;
        Settings.Describe(problems, Model.Format.Length);
        problems.Require(Columns.HeatMap is null == Settings.Pixels is null, "Settings.Pixels", "set where Columns.HeatMap is",
            Settings.Pixels);
    }
}
