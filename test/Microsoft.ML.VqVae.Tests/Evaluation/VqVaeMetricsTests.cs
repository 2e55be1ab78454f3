using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Evaluation;

/// <summary>Figures over whole views against values worked out by hand; no network is involved.</summary>
[TestClass]
public class VqVaeMetricsTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Errors_and_variance_are_those_worked_out_by_hand()
    {
        VqVaeMetrics metrics = Evaluate(
            new Row([0, 2], [1, 2], [1, 1]),
            new Row([4, 6], [4, 3], [1, 1]));

        // Squared errors 1, 0, 0, 9; the values 0, 2, 4, 6 have the mean 3 and the squared deviations 9, 1, 1, 9.
        Assert.AreEqual(2.5, metrics.MeanSquaredError, 1e-12);
        Assert.AreEqual(5, metrics.DataVariance, 1e-12);
        Assert.AreEqual(0.5, metrics.NormalizedMeanSquaredError, 1e-12);
        Assert.AreEqual(10 * Math.Log10(65025 / 2.5), metrics.PeakSignalToNoiseRatio, 1e-12);
        Assert.AreEqual(2, metrics.RowCount);
    }

    [TestMethod]
    public void Metrics_print_themselves()
    {
        string[] lines = Evaluate(new Row([0, 2], [1, 2], [1, 1]), new Row([4, 6], [4, 3], [1, 1])).ToString().Split('\n');
        Assert.HasCount(2, lines);
        Assert.AreEqual("Reconstruction of 2 rows of 2 values: mean squared error 2.5 (0.5 of the variance), PSNR 44.2 dB", lines[0]);
        Assert.StartsWith("Codes, 2 per row of ", lines[1]);
        Assert.Contains("perplexity 1.0", lines[1]);
    }

    [TestMethod]
    public void The_peak_is_the_callers_to_state()
    {
        IDataView data = View(new Row([0, 1], [0.1f, 1], [1, 1]));
        VqVaeMetrics metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", peak: 1);
        Assert.AreEqual(10 * Math.Log10(1 / 0.005), metrics.PeakSignalToNoiseRatio, 1e-5);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", peak: 0));
    }

    [TestMethod]
    public void A_perfect_copy_has_no_error_and_an_infinite_ratio()
    {
        VqVaeMetrics metrics = Evaluate(new Row([3, 9], [3, 9], [1, 2]));
        Assert.AreEqual(0, metrics.MeanSquaredError);
        Assert.AreEqual(0, metrics.NormalizedMeanSquaredError);
        Assert.AreEqual(double.PositiveInfinity, metrics.PeakSignalToNoiseRatio);
    }

    [TestMethod]
    public void Variance_survives_a_large_offset()
    {
        // Summing squares would leave nothing of a variance of 1 beside 1e7 squared.
        Row[] rows = [.. Enumerable.Range(0, 1000).Select(_ => new Row([1e7f - 1, 1e7f + 1], [1e7f, 1e7f], [1, 1]))];
        VqVaeMetrics metrics = Evaluate(rows);
        Assert.AreEqual(1, metrics.DataVariance, 1e-9);
        Assert.AreEqual(1, metrics.NormalizedMeanSquaredError, 1e-9);
    }

    [TestMethod]
    public void Perplexity_and_usage_are_those_of_the_whole_view()
    {
        // Each row alone uses one code (perplexity 1); together they use two of the four, equally often.
        VqVaeMetrics metrics = Evaluate(
            new Row([0, 1], [0, 1], [1, 1]),
            new Row([0, 1], [0, 1], [3, 3]));
        Assert.AreEqual(2, metrics.Perplexity, 1e-12);
        Assert.AreEqual(0.5, metrics.CodebookUsage, 1e-12);
        CollectionAssert.AreEqual(new long[] { 2, 0, 2, 0 }, metrics.CodeCounts.ToArray());
    }

    [TestMethod]
    public void Perplexity_of_unequal_codes_is_the_exponential_of_their_entropy()
    {
        VqVaeMetrics metrics = Evaluate(new Row([0, 1], [0, 1], [1, 1]), new Row([0, 1], [0, 1], [1, 4]));
        Assert.AreEqual(Math.Exp(-(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25))), metrics.Perplexity, 1e-12);
    }

    [TestMethod]
    public void Separate_codebooks_are_counted_apart()
    {
        // The first book gives 1, 1 (perplexity 1), the second 1, 2 (perplexity 2); pooled they would be one histogram 3:1.
        IDataView data = View(new Row([0, 1], [0, 1], [1, 1]), new Row([0, 1], [0, 1], [1, 2]));
        VqVaeMetrics metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", separateCodebooks: true);
        Assert.AreEqual(Math.Sqrt(2), metrics.Perplexity, 1e-12);
        Assert.AreEqual(3 / 8.0, metrics.CodebookUsage, 1e-12);
    }

    [TestMethod]
    public void Bits_per_dimension_count_codes_against_values()
    {
        VqVaeMetrics metrics = Evaluate(new Row([0, 1], [0, 1], [1, 1]));
        Assert.AreEqual(2 * 2 / 2.0, metrics.BitsPerDimension, 1e-12);
        Assert.AreEqual(4, metrics.CodebookSize);
        Assert.AreEqual(2, metrics.CodesPerRow);
        Assert.AreEqual(2, metrics.ValuesPerRow);
    }

    [TestMethod]
    public void A_prior_and_a_likelihood_count_in_bits_per_dimension()
    {
        IDataView data = View(
            new Row([0, 1], [0, 1], [1, 1]) { PriorBits = 1, ReconstructionBits = 6 },
            new Row([0, 1], [0, 1], [1, 1]) { PriorBits = 2, ReconstructionBits = 10 });
        VqVaeMetrics metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction",
            priorBitsColumnName: "PriorBits", reconstructionBitsColumnName: "ReconstructionBits");
        Assert.AreEqual(2, metrics.UniformBitsPerCode, 1e-12);
        Assert.AreEqual(0.75, metrics.PriorBitsPerCode!.Value, 1e-12);
        Assert.AreEqual(0.75, metrics.PriorBitsPerDimension!.Value, 1e-12);
        Assert.AreEqual(2, metrics.BitsPerDimension, 1e-12);
        Assert.AreEqual(4, metrics.ReconstructionBitsPerDimension!.Value, 1e-12);
        Assert.AreEqual(4.75, metrics.TotalBitsPerDimension!.Value, 1e-12);

        metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", reconstructionBitsColumnName: "ReconstructionBits");
        Assert.IsNull(metrics.PriorBitsPerCode);
        Assert.AreEqual(4 + 2, metrics.TotalBitsPerDimension!.Value, 1e-12);
        metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", priorBitsColumnName: "PriorBits");
        Assert.IsNull(metrics.TotalBitsPerDimension);
    }

    [TestMethod]
    public void Bits_that_are_missing_are_refused()
    {
        IDataView data = View(new Row([0, 1], [0, 1], [1, 1]) { PriorBits = float.NaN });
        VqVaeMetrics With(string column) => VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction", priorBitsColumnName: column);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => With("Bits")).Message, "prior bits column 'Bits'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => With("Name")).Message, "expected is Single");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => With("PriorBits")).Message, "Row 0 of the prior bits");
    }

    [TestMethod]
    public void A_missing_column_is_named_with_those_there_are()
    {
        IDataView data = View(new Row([0, 1], [0, 1], [1, 1]));
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => VqVaeMetrics.Evaluate(data, "Codes", "Input", "Decoded"));
        StringAssert.Contains(error.Message, "'Decoded'");
        StringAssert.Contains(error.Message, "'Reconstruction'");
    }

    [TestMethod]
    public void A_column_of_another_type_is_named_with_its_type()
    {
        IDataView data = View(new Row([0, 1], [0, 1], [1, 1]));
        ArgumentException codes = Assert.ThrowsExactly<ArgumentException>(() => VqVaeMetrics.Evaluate(data, "Input", "Input", "Reconstruction"));
        StringAssert.Contains(codes.Message, "codes column 'Input'");
        StringAssert.Contains(codes.Message, "Key<UInt32, K>");
        ArgumentException input = Assert.ThrowsExactly<ArgumentException>(() => VqVaeMetrics.Evaluate(data, "Codes", "Name", "Reconstruction"));
        StringAssert.Contains(input.Message, "input column 'Name'");
        ArgumentException size = Assert.ThrowsExactly<ArgumentException>(() => VqVaeMetrics.Evaluate(data, "Codes", "Input", "Longer"));
        StringAssert.Contains(size.Message, "reconstruction column 'Longer'");
    }

    [TestMethod]
    public void Empty_views_and_bad_rows_are_refused()
    {
        InvalidOperationException empty = Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate());
        StringAssert.Contains(empty.Message, "no rows");
        InvalidOperationException missing = Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate(
            new Row([0, 1], [0, 1], [1, 1]), new Row([0, 1], [0, 1], [2, 0])));
        StringAssert.Contains(missing.Message, "Row 1 of the codes column 'Codes'");
        InvalidOperationException noNumber = Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate(new Row([0, 1], [0, float.NaN], [1, 1])));
        StringAssert.Contains(noNumber.Message, "'Reconstruction'");
    }

    [TestMethod]
    public void Images_are_compared_by_colour_whatever_their_pixel_format()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new ImageRow()]);
        VqVaeMetrics metrics = VqVaeMetrics.Evaluate(data, "Codes", "Input", "Reconstruction");
        // Red differs by 3 in the first of two pixels, blue by 6 in the second; alpha does not count.
        Assert.AreEqual((9 + 36) / 6.0, metrics.MeanSquaredError, 1e-12);
        Assert.AreEqual(6, metrics.ValuesPerRow);
    }

    VqVaeMetrics Evaluate(params Row[] rows) => VqVaeMetrics.Evaluate(View(rows), "Codes", "Input", "Reconstruction");

    IDataView View(params Row[] rows) => _ml.Data.LoadFromEnumerable(rows);

    sealed class Row(float[] input, float[] reconstruction, uint[] codes)
    {
        [VectorType(2)]
        public float[] Input { get; set; } = input;

        [VectorType(2)]
        public float[] Reconstruction { get; set; } = reconstruction;

        [VectorType(3)]
        public float[] Longer { get; set; } = [0, 0, 0];

        [VectorType(1, 1, 2), KeyType(4)]
        public uint[] Codes { get; set; } = codes;

        public float PriorBits { get; set; }

        public float ReconstructionBits { get; set; }

        public string Name { get; set; } = "";
    }

    sealed class ImageRow
    {
        [ImageType(1, 2)]
        public MLImage Input { get; set; } = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [10, 20, 30, 255, 40, 50, 60, 255]);

        [ImageType(1, 2)]
        public MLImage Reconstruction { get; set; } =
            MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, [30, 20, 13, 255, 66, 50, 40, 255]);

        [VectorType(1), KeyType(4)]
        public uint[] Codes { get; set; } = [1];
    }
}
