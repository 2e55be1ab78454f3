using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Video, section 4.4 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on video and adds the discrete codes of its frames as keys, using the <see cref="ImageVqVaeOptions.FastVideo"/>
    /// preset (CPU-sized network and schedule) unless overridden. A row is a frame or a clip of frames. See section 4.4 of arXiv
    /// 1711.00937.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt; for frames, [T, h, w, G] for
    /// clips.</param>
    /// <param name="inputColumnName">The column of frames, as for <see cref="EncodeImages(string, string?, ImageVqVaeOptions)"/>, such
    /// as 84×84 RGB pixels; or of clips, Vector&lt;Single, T, C, H, W&gt; or [T, H, W, C]. Null, the default, for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded frames or clips; null, the default, for none.</param>
    /// <param name="codes">K: number of codes in the codebook.</param>
    /// <param name="steps">Number of training steps; null, the default, for 1,200.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; its transformer creates the decoder for rollouts of
    /// <see cref="VideoPrior(string, string, string, string, VideoPriorOptions)"/>.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
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
    /// <param name="options">The settings: <see cref="ImageVqVaeOptions.FastVideo"/>, those of the method without options, with changes, or
    /// <see cref="ImageVqVaeOptions.DeepMindLab84"/>.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public ImageVqVaeEstimator EncodeVideo(string outputColumnName, string? inputColumnName, ImageVqVaeOptions options) =>
        EncodeImages(outputColumnName, inputColumnName, options);

    /// <summary>Trains an action-conditioned prior over the codes of the next frame of video, and adds −log2 p of the codes of each frame
    /// given the preceding frames, using the defaults of <see cref="VideoPriorOptions"/> unless overridden. A row is a frame. See section
    /// 4.4 of arXiv 1711.00937.</summary>
    /// <param name="outputColumnName">The column to add: a Single, in bits.</param>
    /// <param name="codesColumnName">The column of codes of frames: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, such as the output of
    /// EncodeVideo.</param>
    /// <param name="actionColumnName">The column of actions, a key: the action that led from the previous frame to this one. That of
    /// the first row of an episode is not used, and may be missing.</param>
    /// <param name="episodeColumnName">The column of episodes, a key; the rows of an episode are consecutive and in the order of
    /// time.</param>
    /// <param name="contextFrames">Number of preceding frames that a frame is predicted from.</param>
    /// <param name="steps">Number of training steps; null, the default, for 2,000.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="VideoPriorEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
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
        var options = new VideoPriorOptions();
        options.Network.ContextFrames = contextFrames;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return VideoPrior(outputColumnName, codesColumnName, actionColumnName, episodeColumnName, options);
    }

    /// <summary>Trains an action-conditioned prior over the codes of the next frame of video, with full control over the settings. A row is
    /// a frame.</summary>
    /// <param name="outputColumnName">The column to add: a Single, in bits.</param>
    /// <param name="codesColumnName">The column of codes of frames: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;.</param>
    /// <param name="actionColumnName">The column of actions, a key.</param>
    /// <param name="episodeColumnName">The column of episodes, a key.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options, or
    /// <see cref="VideoPriorOptions.Large"/>.</param>
    /// <returns>The estimator; <see cref="VideoPriorEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public VideoPriorEstimator VideoPrior(
        string outputColumnName, string codesColumnName, string actionColumnName, string episodeColumnName, VideoPriorOptions options) =>
        new(_environment, outputColumnName, codesColumnName, actionColumnName, episodeColumnName, options);
}
