using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>The network of features of images: the numbers that test/golden/image_features.py computed one output at a time, and its random
/// views.</summary>
[TestClass]
public sealed class ImageFeatureNetworkTests
{
    const double Tolerance = 1e-5;

    /// <summary>Views that are the images themselves.</summary>
    static ImageViewOptions Unchanged() => new()
    {
        MinCropShare = 1, MaxRotation = 0, FlipHorizontally = false, Brightness = 0, MaxGamma = 1, ColorJitter = 0, GrayShare = 0, EraseShare = 0,
    };

    [TestMethod]
    public void Maps_losses_gradients_and_moving_averages_agree_with_one_output_at_a_time()
    {
        GoldenFile golden = GoldenFile.Open("image_features.json", "network");
        using DisposeScope scope = NewDisposeScope();
        (int rows, int height, int width) = (golden.Whole("rows"), golden.Whole("height"), golden.Whole("width"));
        var grid = new CodeGrid(2, 2, golden.Whole("codes_per_position"), golden.Whole("codes"));
        var options = new ImageFeatureNetworkOptions
        {
            Stages = 2, Channels = golden.Whole("channels"), FeatureChannels = golden.Whole("feature_channels"), ResidualBlocks = 1,
            ContrastiveWeight = 0.7, BagOfCodesWeight = 0.4, Temperature = 0.5, Views = Unchanged(),
        };
        using var network = new ImageFeatureNetwork(options, (1, height, width), grid, seed: 1);
        GoldenFile.FillIn(network, 0.6);
        network.SetPixelStatistics(0.4, 0.8, -1, 1.5);
        Dictionary<string, Tensor> state = network.state_dict();
        using (no_grad())
        {
            foreach ((string name, Tensor buffer) in state.Where(entry => entry.Key.EndsWith(".mean", StringComparison.Ordinal)))
                buffer.copy_(GoldenFile.Make(name, buffer.shape, 0.3));
            foreach ((string name, Tensor buffer) in state.Where(entry => entry.Key.EndsWith(".variance", StringComparison.Ordinal)))
                buffer.copy_(GoldenFile.Make(name, buffer.shape, 0.5).add(1));
        }
        Tensor images = GoldenFile.Make("images", [rows, 1, height, width], 1);
        network.eval();
        IReadOnlyList<Tensor> maps = network.Maps(images);
        TensorAssert.Close(golden.Numbers("middle"), maps[0], Tolerance, "the map of the first stage");
        TensorAssert.Close(golden.Numbers("last"), maps[1], Tolerance, "the last map");
        CollectionAssert.AreEqual(new long[] { rows, 2, 3, 2 }, maps[0].shape);
        CollectionAssert.AreEqual(new long[] { rows, 3, 2, 1 }, maps[1].shape);
        Assert.AreEqual(new CodeGrid(3, 2, 2, 0), options.MapOf(1, height, width));
        Assert.AreEqual(new CodeGrid(2, 1, 3, 0), options.MapOf(2, height, width));

        network.train();
        StepLoss loss = network.Loss(images, golden.Wholes("given", rows, -1, grid.CodesPerPosition), TestTask.At(5));
        loss.Total.backward();
        TensorAssert.Close([golden.Number("contrastive")], loss.Terms["contrastive bits"].mul(Math.Log(2)), Tolerance, "contrastive");
        TensorAssert.Close([golden.Number("bag")], loss.Terms["bits per code of the bag"].mul(Math.Log(2)), Tolerance, "bag");
        TensorAssert.Close([golden.Number("loss")], loss.Total, Tolerance, "loss");
        // In Single, normalizing over the few values of a batch loses digits: up to 2e-4 of a gradient.
        golden.CheckGradients(network, 1e-3);
        TensorAssert.Close(golden.Numbers("moved_mean"), state["stages.0.down.mean"], Tolerance, "moving mean");
        TensorAssert.Close(golden.Numbers("moved_variance"), state["stages.0.down.variance"], Tolerance, "moving variance");
    }

    static Tensor Images(int rows, int channels) => GoldenFile.Make("picture", [rows, channels, 6, 8], 0.45).add(0.5);

    [TestMethod]
    public void Views_without_changes_are_the_images()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Images(4, 3);
        TensorAssert.Close(images.data<float>().ToArray(), new ImageViews(Unchanged(), seed: 3).Of(images, 7), 1e-5, "images");
    }

    [TestMethod]
    public void Half_of_the_views_are_mirrored()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Images(40, 1);
        ImageViewOptions options = Unchanged();
        options.FlipHorizontally = true;
        Tensor views = new ImageViews(options, seed: 3).Of(images, 7);
        bool[] Are(Tensor expected) => [.. (views - expected).abs().amax([1, 2, 3]).lt(1e-4).data<bool>()];
        bool[] same = Are(images), mirrored = Are(images.flip(3));
        for (int row = 0; row < 40; row++)
            Assert.AreNotEqual(same[row], mirrored[row], $"row {row}");
        Assert.IsTrue(mirrored.Count(one => one) is > 10 and < 30);
    }

    [TestMethod]
    public void Brightness_and_gamma_change_values_within_their_limits()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Images(30, 1);
        ImageViewOptions bright = Unchanged(), gamma = Unchanged();
        (bright.Brightness, gamma.MaxGamma) = (0.3, 2);
        // One factor for each image, and one exponent.
        foreach ((Tensor found, double from, double to) in (ReadOnlySpan<(Tensor, double, double)>)
        [
            (new ImageViews(bright, seed: 3).Of(images, 7) / images, 0.7, 1.3),
            (new ImageViews(gamma, seed: 3).Of(images, 7).log() / images.log(), 0.5, 2),
        ])
        {
            Tensor rows = found.flatten(1);
            Assert.IsLessThan(1e-3f, (rows.amax([1]) - rows.amin([1])).max().item<float>());
            (float smallest, float largest) = (rows.min().item<float>(), rows.max().item<float>());
            Assert.IsTrue(smallest >= from - 1e-3 && smallest < from + 0.15 && largest <= to + 1e-3 && largest > to - 0.35, $"{smallest} {largest}");
        }
    }

    [TestMethod]
    public void Colors_change_and_some_views_are_gray()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Images(40, 3);
        ImageViewOptions gray = Unchanged(), tinted = Unchanged();
        (gray.GrayShare, tinted.ColorJitter) = (0.5, 0.3);
        Tensor views = new ImageViews(gray, seed: 3).Of(images, 7);
        // The mean of the channels is kept.
        TensorAssert.Close(images.mean([1]).data<float>().ToArray(), views.mean([1]), 1e-4, "mean");
        int count = (views.amax([1]) - views.amin([1])).amax([1, 2]).lt(1e-4).sum().item<long>() is long found ? (int)found : 0;
        Assert.IsTrue(count is > 10 and < 30, $"{count} of 40 are gray");
        Assert.IsGreaterThan(0.05f, (new ImageViews(tinted, seed: 3).Of(images, 7) - images).abs().max().item<float>());
        // One channel has no color.
        Tensor single = Images(4, 1);
        TensorAssert.Close(single.data<float>().ToArray(), new ImageViews(tinted, seed: 3).Of(single, 7), 1e-5, "one channel");
    }

    [TestMethod]
    public void A_rectangle_is_erased_of_at_most_half_the_sides()
    {
        using DisposeScope scope = NewDisposeScope();
        ImageViewOptions options = Unchanged();
        options.EraseShare = 1;
        const int side = 20;
        Tensor erased = new ImageViews(options, seed: 3).Of(ones(50, 2, side, side), 7).lt(0.5);
        Assert.IsTrue(erased.select(1, 0).Equals(erased.select(1, 1)), "All channels lose the same pixels.");
        foreach (Tensor row in erased.select(1, 0).unbind(0))
        {
            bool[] rows = [.. row.any(1).data<bool>()], columns = [.. row.any(0).data<bool>()];
            (int height, int width) = (rows.Count(one => one), columns.Count(one => one));
            Assert.AreEqual((long)height * width, row.sum().item<long>(), "A rectangle.");
            Assert.IsTrue(height is > 0 and <= (side / 2) + 1 && width is > 0 and <= (side / 2) + 1, $"{height}×{width}");
        }
    }

    [TestMethod]
    public void Crops_show_parts_of_the_image_upright_unless_rotated()
    {
        using DisposeScope scope = NewDisposeScope();
        ImageViewOptions crop = Unchanged(), rotation = Unchanged();
        (crop.MinCropShare, rotation.MaxRotation) = (0.3, 90);
        // A ramp from left to right stays one: its values within a column are equal, except where a view leaves the image.
        Tensor ramp = arange(1, 33, ScalarType.Float32).div(32).view(1, 1, 1, 32).expand(40, 1, 32, 32).contiguous();
        Tensor Middle(Tensor views) => views.narrow(2, 14, 4).narrow(3, 14, 4);
        double Tilt(Tensor views) => (Middle(views).amax([2]) - Middle(views).amin([2])).max().item<float>();
        Tensor cropped = new ImageViews(crop, seed: 3).Of(ramp, 7), rotated = new ImageViews(rotation, seed: 3).Of(ramp, 7);
        Assert.IsLessThan(1e-4, Tilt(cropped));
        Assert.IsGreaterThan(0.05, Tilt(rotated));
        // The steps of the ramp are smaller by the size of the crop: √0.3 to √1.1, and a little more or less by its aspect.
        Tensor steps = Middle(cropped).diff(dim: 3).mean([1, 2, 3]).mul(32);
        Assert.IsTrue(steps.min().item<float>() is > 0.4f and < 0.8f && steps.max().item<float>() is > 0.9f and < 1.3f,
            $"{steps.min().item<float>()} {steps.max().item<float>()}");
    }

    [TestMethod]
    public void Views_follow_from_seed_and_stream()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Images(3, 3);
        Tensor View(int seed, long stream) => new ImageViews(new ImageViewOptions(), seed).Of(images, stream);
        Assert.IsTrue(View(1, 2).Equals(View(1, 2)));
        Assert.IsFalse(View(1, 2).Equals(View(1, 3)));
        Assert.IsFalse(View(1, 2).Equals(View(2, 2)));
    }

    [TestMethod]
    public void A_map_does_not_depend_on_the_other_images_of_a_batch()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new ImageFeatureNetwork(new() { Channels = 4, FeatureChannels = 6 }, (3, 6, 8), null, seed: 1);
        Tensor images = Images(5, 3);
        network.train();
        network.Loss(images, null, TestTask.At(0));
        network.eval();
        Tensor all = network.Maps(images)[^1];
        for (int row = 0; row < 5; row++)
            TensorAssert.Close(all[row].contiguous().data<float>().ToArray(), network.Maps(images.narrow(0, row, 1))[^1], 1e-5, $"row {row}");
    }

    [TestMethod]
    public void Wrong_tensors_and_options_are_refused()
    {
        using var network = new ImageFeatureNetwork(new() { Channels = 4 }, (1, 6, 8), new CodeGrid(2, 2, 1, 5), seed: 1);
        using DisposeScope scope = NewDisposeScope();
        Assert.Contains("Images must be Float32 [any, 1, 6, 8]",
            Assert.ThrowsExactly<ArgumentException>(() => network.Maps(zeros(1, 1, 8, 6))).Message);
        Assert.Contains("Codes must be within 0 … 4", Assert.ThrowsExactly<ArgumentException>(
            () => network.Loss(zeros(1, 1, 6, 8), full([1L, 4L, 1L], 5, dtype: ScalarType.Int64), TestTask.At(0))).Message);
        ArgumentOutOfRangeException wrong = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImageFeatureNetwork(
            new() { Stages = 9, ContrastiveWeight = 0, Views = new() { MinCropShare = 0, MaxGamma = 0.5 } }, (1, 0, 8), null, seed: 1));
        foreach (string problem in (string[])["Stages must be from 1 to 8", "MinCropShare", "MaxGamma", "Height must be 1", "ContrastiveWeight"])
            Assert.Contains(problem, wrong.Message);
        Assert.Contains("deviation", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.SetPixelStatistics(0, 0, 0, 1)).Message);
    }
}
