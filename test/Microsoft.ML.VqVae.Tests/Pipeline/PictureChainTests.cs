using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Picture files through ML.NET's loaders, as an application has them.</summary>
[TestClass]
public class PictureChainTests
{
    const int Count = 12;

    readonly MLContext _ml = new(seed: 1);
    string _folder = "";

    sealed class PictureFile
    {
        public string File { get; set; } = "";
    }

    sealed class Coded
    {
        public uint[] Codes { get; set; } = [];

        public float Error { get; set; }
    }

    [TestInitialize]
    public void DrawPictures()
    {
        _folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        for (int number = 0; number < Count; number++)
        {
            float[] planar = Tiny.Pixels(number, 3);
            byte[] rgba = new byte[4 * 64];
            Planes.ToBytes(planar, rgba, new ImageFormat(Tiny.Side, Tiny.Side, 3, false, false));
            using MLImage image = MLImage.CreateFromPixels(Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, rgba);
            image.Save(Path.Combine(_folder, $"{number}.png"));
        }
    }

    [TestCleanup]
    public void DeletePictures() => Directory.Delete(_folder, recursive: true);

    IDataView Files() =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number => new PictureFile { File = $"{number}.png" }).ToArray());

    EstimatorChain<ImageResizingTransformer> Loading() => _ml.Transforms.LoadImages("Image", _folder, "File")
        .Append(_ml.Transforms.ResizeImages("Image", Tiny.Side, Tiny.Side));

    [TestMethod]
    public void A_folder_of_pictures_is_learned_saved_and_predicted()
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.ReconstructionAsImage, options.ReconstructionErrorColumnName) =
            ("Decoded", true, "Error");
        IDataView files = Files();
        EstimatorChain<ImageVqVaeTransformer> pipeline = Loading().Append(_ml.Transforms.VqVae.EncodeImages("Codes", "Image", options));
        using TransformerChain<ImageVqVaeTransformer> model = pipeline.Fit(files);
        IDataView view = model.Transform(files);
        Assert.AreEqual(new ImageDataViewType(Tiny.Side, Tiny.Side), view.Schema["Decoded"].Type);
        List<object[]> expected = Values.Read(view, "Codes", "Error", "Decoded", "File");

        string path = Path.Combine(_folder, "model.zip");
        _ml.Model.Save(model, files.Schema, path);
        ITransformer loaded = new MLContext().Model.Load(path, out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(files), "Codes", "Error", "Decoded", "File"));
        using PredictionEngine<PictureFile, Coded> engine = _ml.Model.CreatePredictionEngine<PictureFile, Coded>(loaded);
        for (int number = 0; number < Count; number++)
        {
            Coded coded = engine.Predict(new PictureFile { File = $"{number}.png" });
            Values.AreEqual([expected[number][..2]], [[coded.Codes, coded.Error]], 0.05);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Extracted_pixels_have_the_codes_of_their_pictures(bool interleaved)
    {
        IDataView files = Files();
        IDataView view = Loading()
            .Append(_ml.Transforms.ExtractPixels("Pixels", "Image", interleavePixelColors: interleaved)).Fit(files).Transform(files);
        var names = new EncoderColumns("Image", "Codes", null, false, null, null);
        using ImageVqVaeTransformer ofPictures = Tiny.Untrained(new ImageFormat(8, 8, 3, false, FromImages: true), names);
        using ImageVqVaeTransformer ofPixels = Tiny.Untrained(
            PixelInput.Resolve(view.Schema["Pixels"], new ImageVqVaeOptions().Pixels), names with { Input = "Pixels" });
        Values.AreEqual(Values.Read(ofPictures.Transform(view), "Codes"), Values.Read(ofPixels.Transform(view), "Codes"));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_picture_that_cannot_be_decoded_is_named_by_row_and_file(bool cached)
    {
        File.WriteAllBytes(Path.Combine(_folder, "5.png"), File.ReadAllBytes(Path.Combine(_folder, "5.png"))[..20]);
        IDataView files = Files();
        IDataView view = Loading().Append(_ml.Transforms.ExtractPixels("Pixels", "Image"))
            .Append(_ml.Transforms.DropColumns("Image")).Fit(files).Transform(files);
        // A cache reports that there was an error, and neither the error nor the row.
        if (cached)
            view = _ml.Data.Cache(view);
        var progress = new List<long>();
        ImageVqVaeOptions options = Tiny.Options();
        options.Training.Progress = new Listener(progress.Add);
        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(view));
        StringAssert.Contains(error.Message, cached
            ? "Column 'Pixels' cannot be read. Invalid input stream contents"
            : "Row 5 of column 'Pixels' (File '5.png') cannot be read. Invalid input stream contents");
        Assert.IsEmpty(progress, "before training");
    }

    [TestMethod]
    public void An_image_that_cannot_be_decoded_is_named_too()
    {
        File.WriteAllBytes(Path.Combine(_folder, "5.png"), File.ReadAllBytes(Path.Combine(_folder, "5.png"))[..20]);
        IDataView files = Files(), view = Loading().Fit(files).Transform(files);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(
                () => _ml.Transforms.VqVae.EncodeImages("Codes", "Image", Tiny.Options()).Fit(view)).Message,
            "Row 5 of column 'Image' (File '5.png') cannot be read. Invalid input stream contents");
        using ImageVqVaeTransformer transformer = Tiny.Untrained(
            new ImageFormat(8, 8, 3, false, FromImages: true), new EncoderColumns("Image", "Codes", null, false, null, null));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(transformer.Transform(view), "Codes")).Message,
            "Row 5 of column 'Image' cannot be read. Invalid input stream contents");
    }

    sealed class Listener(Action<long> action) : IProgress<VqVae.Training.TrainingProgress>
    {
        public void Report(VqVae.Training.TrainingProgress value) => action(value.Step);
    }

    [TestMethod]
    public void A_picture_of_another_size_is_named_by_its_row()
    {
        using (MLImage image = MLImage.CreateFromPixels(4, 2, MLPixelFormat.Rgba32, new byte[32]))
            image.Save(Path.Combine(_folder, "5.png"));
        IDataView files = Files();
        IDataView view = _ml.Transforms.LoadImages("Image", _folder, "File").Fit(files).Transform(files);
        using ImageVqVaeTransformer transformer = Tiny.Untrained(
            new ImageFormat(8, 8, 3, false, FromImages: true), new EncoderColumns("Image", "Codes", null, false, null, null));
        InvalidOperationException exception =
            Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(transformer.Transform(view), "Codes"));
        Assert.Contains("Row 5 of column 'Image' has an image of 2×4 pixels; expected are 8×8", exception.Message);
        ImageVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeImages("Codes", "Image", Tiny.Options());
        Assert.Contains("ResizeImages", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => estimator.Fit(view)).Message);
    }
}
