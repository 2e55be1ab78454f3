using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Video, section 4.4 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on video and adds the discrete codes of its frames as keys, frame by frame, using the
    /// <see cref="ImageVqVaeOptions.FastVideo"/> preset for a CPU unless overridden. A row is a frame or a clip of frames.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt; for frames, [T, h, w, G] for
    /// clips.</param>
    /// <param name="inputColumnName">The column of frames, as for <see cref="EncodeImages(string, string?, ImageVqVaeOptions)"/>, 84×84
    /// pixels of three colours for example; or of clips, Vector&lt;Single, T, C, H, W&gt; or [T, H, W, C]. Null, the default, for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded frames or clips; null, the default, for none.</param>
    /// <param name="codes">K: number of codes in the codebook.</param>
    /// <param name="steps">Number of training steps; null, the default, for that of <see cref="ImageVqVaeOptions.FastVideo"/>.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; its transformer gives a decoder for rollouts of
    /// <see cref="VideoPrior(string, string, string, string, VideoPriorOptions)"/>.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    public ImageVqVaeEstimator EncodeVideo(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null, int codes = 256,
        int? steps = null, int? seed = null)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.FastVideo();
        options.ReconstructionColumnName = reconstructionColumnName;
        options.VectorQuantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeVideo(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on video and adds the discrete codes of its frames as keys, with full control over the settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt; for frames, [T, h, w, G] for
    /// clips.</param>
    /// <param name="inputColumnName">The column of frames or clips; null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings, for example <see cref="ImageVqVaeOptions.FastVideo"/> or
    /// <see cref="ImageVqVaeOptions.DeepMindLab84"/>.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public ImageVqVaeEstimator EncodeVideo(string outputColumnName, string? inputColumnName, ImageVqVaeOptions options) =>
        EncodeImages(outputColumnName, inputColumnName, options);

    /// <summary>Trains a distribution over the codes of the next frame of video given actions, and adds the cost of each frame's codes given
    /// the frames before, using the <see cref="VideoPriorOptions.Fast"/> preset unless overridden. A row is a frame.</summary>
    /// <param name="outputColumnName">The column to add: Single, bits.</param>
    /// <param name="codesColumnName">The column of codes of frames, as EncodeVideo makes it.</param>
    /// <param name="actionColumnName">The column of actions, keys: the action that led from the frame before to this one.</param>
    /// <param name="episodeColumnName">The column of episodes, keys; the rows of one follow one another in the order of time.</param>
    /// <param name="contextFrames">Number of preceding frames that a frame is predicted from.</param>
    /// <param name="steps">Number of training steps; null, the default, for that of <see cref="VideoPriorOptions.Fast"/>.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="VideoPriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// IDataView codes = codec.Transform(frames);
    /// var prior = ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode").Fit(codes);
    /// IDataView future = codec.Decoder("Pixels").Transform(prior.Rollout(ml, codes, ["left", "left", "forward"]));
    /// </code>
    /// </example>
    public VideoPriorEstimator VideoPrior(
        string outputColumnName, string codesColumnName, string actionColumnName, string episodeColumnName, int contextFrames = 4,
        int? steps = null, int? seed = null)
    {
        VideoPriorOptions options = VideoPriorOptions.Fast();
        options.Network.ContextFrames = contextFrames;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return VideoPrior(outputColumnName, codesColumnName, actionColumnName, episodeColumnName, options);
    }

    /// <summary>Trains a distribution over the codes of the next frame of video given actions, with full control over the settings. A row is
    /// a frame.</summary>
    /// <param name="outputColumnName">The column to add: Single, bits.</param>
    /// <param name="codesColumnName">The column of codes of frames.</param>
    /// <param name="actionColumnName">The column of actions, keys.</param>
    /// <param name="episodeColumnName">The column of episodes, keys.</param>
    /// <param name="options">The settings, for example <see cref="VideoPriorOptions.Fast"/>.</param>
    /// <returns>The estimator; <see cref="VideoPriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public VideoPriorEstimator VideoPrior(
        string outputColumnName, string codesColumnName, string actionColumnName, string episodeColumnName, VideoPriorOptions options) =>
        new(_environment, outputColumnName, codesColumnName, actionColumnName, episodeColumnName, options);
}
