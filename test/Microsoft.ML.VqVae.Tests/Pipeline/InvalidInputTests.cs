using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>What cannot work is refused before any training and at every stage, in words that name the column, what was expected and what
/// was found.</summary>
[TestClass]
public class InvalidInputTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Vector64
    {
        [VectorType(64)]
        public float[] Pixels { get; set; } = new float[64];
    }

    sealed class Vector65
    {
        [VectorType(65)]
        public float[] Pixels { get; set; } = new float[65];
    }

    sealed class Doubles
    {
        [VectorType(64)]
        public double[] Pixels { get; set; } = new double[64];
    }

    sealed class UnknownSize
    {
        public float[] Pixels { get; set; } = new float[64];
    }

    sealed class OneNumber
    {
        public float Pixels { get; set; }
    }

    sealed class OtherName
    {
        [VectorType(64)]
        public float[] Pictures { get; set; } = new float[64];
    }

    [TestMethod]
    public void A_column_of_the_wrong_kind_is_refused_at_every_stage()
    {
        Refused<OtherName>("Could not find input column 'Pixels'; the columns are 'Pictures'");
        Refused<Doubles>("Schema mismatch for input column 'Pixels'", "Double");
        Refused<UnknownSize>("Schema mismatch for input column 'Pixels'", "known size");
        Refused<OneNumber>("Schema mismatch for input column 'Pixels'", "Single");
    }

    void Refused<T>(params string[] words) where T : class, new()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new T(), new T()]);
        ImageVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options());
        Throws(words, () => estimator.GetOutputSchema(Tiny.Shape(data.Schema)));
        Throws(words, () => estimator.Fit(data));
        RefusedByTransformer(data, words);
    }

    void RefusedByTransformer(IDataView data, params string[] words)
    {
        // At prediction the expected type is known in full, so that the message says more than it could before training.
        string[] known = [.. words.Where(word => word != "known size")];
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        Throws(known, () => transformer.GetOutputSchema(data.Schema));
        Throws(known, () => transformer.Transform(data));
        Throws(known, () => ((ITransformer)transformer).GetRowToRowMapper(data.Schema));
    }

    [TestMethod]
    public void Another_size_than_that_of_training_is_refused() => RefusedByTransformer(
        _ml.Data.LoadFromEnumerable([new Vector65()]), "Schema mismatch for input column 'Pixels'", "<Single, 1, 8, 8>", "<Single, 65>");

    [TestMethod]
    public void Another_layout_than_that_of_training_is_refused()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Pixels", new VectorDataViewType(NumberDataViewType.Single, 8, 8, 1));
        Throws(["<Single, 1, 8, 8>", "<Single, 8, 8, 1>"], () => transformer.GetOutputSchema(builder.ToSchema()));
    }

    [TestMethod]
    public void Pictures_of_another_size_are_refused()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained(new(8, 8, 3, false, FromImages: true));
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Pixels", new ImageDataViewType(9, 8));
        Throws(["8×8", "Image<9, 8>"], () => transformer.GetOutputSchema(builder.ToSchema()));
        builder = new DataViewSchema.Builder();
        builder.AddColumn("Pixels", new ImageDataViewType());
        Assert.IsNotNull(transformer.GetOutputSchema(builder.ToSchema()), "An image type of no size is checked row by row.");
    }

    [TestMethod]
    [DataRow(float.NaN, "NaN")]
    [DataRow(float.PositiveInfinity, "Infinity")]
    [DataRow(float.NegativeInfinity, "-Infinity")]
    public void A_value_that_is_no_number_is_named_by_row_and_slot(float bad, string text)
    {
        Tiny.Row[] rows = Tiny.Rows(10);
        rows[6].Pixels[63] = bad;
        string[] words = [$"Row 6 of column 'Pixels' has {text} in slot 63"];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        ThrowsData(words, () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(data));
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        ThrowsData(words, () => Values.Read(transformer.Transform(data), "Codes"));
        ThrowsData(words, () => Values.ReadByMapper(transformer, data, "Codes"));
    }

    [TestMethod]
    public void A_row_of_the_wrong_length_is_refused_at_prediction()
    {
        // The type promises 64 values; this row breaks the promise.
        Tiny.Row[] rows = Tiny.Rows(3);
        rows[1].Pixels = new float[60];
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        Exception exception =
            Assert.Throws<Exception>(() => Values.Read(transformer.Transform(_ml.Data.LoadFromEnumerable(rows)), "Codes"));
        Assert.Contains("60", exception.ToString());
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("Bits")]
    public void An_empty_view_is_refused(string? bits)
    {
        ImageVqVaeOptions options = Tiny.Options();
        options.ReconstructionBitsColumnName = bits;
        ThrowsData(["has no rows", "'Pixels'"], () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(_ml, 0)));
    }

    [TestMethod]
    public void Images_without_any_contrast_are_refused() => ThrowsData(
        ["All values of column 'Pixels' are 0"],
        () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options())
            .Fit(_ml.Data.LoadFromEnumerable([new Vector64(), new Vector64()])));

    [TestMethod]
    public void All_options_that_cannot_work_are_named_at_once_before_there_are_data()
    {
        ImageVqVaeOptions options = Tiny.Options();
        options.VectorQuantizer.Codes = 1;
        options.VectorQuantizer.CommitmentCost = -1;
        options.Codec.HiddenChannels = 0;
        options.Training.BatchSize = 0;
        options.PredictionBatchSize = 0;
        options.ImageScale = 0;
        ArgumentException exception = Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options));
        foreach (string name in (string[])["Codes", "CommitmentCost", "HiddenChannels", "BatchSize", "PredictionBatchSize", "ImageScale"])
            Assert.Contains(name, exception.Message);
        Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeImages("Codes", codes: 1));
    }

    [TestMethod]
    public void Two_columns_of_one_name_are_refused()
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Decoded");
        Assert.Contains("'Decoded'",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options)).Message);
    }

    [TestMethod]
    public void Sizes_that_cannot_be_halved_are_refused()
    {
        ImageVqVaeOptions options = Tiny.Options();
        options.Codec.Downsamplings = 4;
        ImageVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options);
        Throws(["Height must be a positive multiple of 16"], () => estimator.Fit(Tiny.Data(_ml)));
    }

    [TestMethod]
    public void A_disposed_transformer_says_who_may_have_disposed_it()
    {
        ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(Tiny.Data(_ml));
        transformer.Dispose();
        transformer.Dispose();
        ObjectDisposedException exception = Assert.ThrowsExactly<ObjectDisposedException>(() => Values.Read(view, "Codes"));
        Assert.Contains("OwnsTransformer", exception.Message);
    }

    static void Throws(string[] words, Action action) => Check(words, Assert.ThrowsExactly<ArgumentOutOfRangeException>(action));

    static void ThrowsData(string[] words, Action action) => Check(words, Assert.ThrowsExactly<InvalidOperationException>(action));

    static void Check(string[] words, Exception exception)
    {
        foreach (string word in words)
            Assert.Contains(word, exception.Message);
    }
}
