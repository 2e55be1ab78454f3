using Microsoft.ML.VqVae.Codecs;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>How long to train and on how much. Steps are the same on every machine; minutes are not.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="Regularization">The strength of the classifier's L2 penalty, for each row.</param>
/// <param name="ComparedUtterances">How many utterances the second process predicts again.</param>
internal sealed record PhonemePlan(int Steps, double Regularization, int ComparedUtterances)
{
    public static PhonemePlan For(SpeechSettings settings, SpeechData data)
    {
        PhonemePlan plan = (settings.Waveform, settings.Quick) switch
        {
            (false, false) => new(Steps: 3000, Regularization: 1.5e-5, ComparedUtterances: 40),
            (false, true) => new(Steps: 500, Regularization: 1e-4, ComparedUtterances: 10),
            (true, false) => new(Steps: 150, Regularization: 1e-4, ComparedUtterances: 10),
            (true, true) => new(Steps: 30, Regularization: 1e-3, ComparedUtterances: 4),
        };
        // A classifier that is to know new voices must not learn the known ones by heart.
        double regularization = data.KnownVoices ? plan.Regularization : Math.Max(plan.Regularization, 2e-3);
        return plan with { Steps = settings.Steps ?? plan.Steps, Regularization = regularization };
    }

    /// <summary>The library's settings for phonemes, with what belongs to this data.</summary>
    public AudioVqVaeOptions CodecOptions(SpeechData data, SpeechSettings settings)
    {
        AudioVqVaeOptions options = settings.Waveform ? AudioVqVaeOptions.Phonemes640x() : AudioVqVaeOptions.PhonemeFeatures();
        var mel = options.Codec as MelCodecOptions;
        // Voices of the training data are normalised by all that they say. Of other voices there is nothing but the utterance.
        if (data.KnownVoices)
        {
            options.SpeakerColumnName = "Voice";
            // Means over less time say better when: a code alone tells 0.01 less of the phones, and a window of codes 0.01 more.
            if (mel is not null)
                mel.TargetFrames = 12;
        }
        else if (mel is not null)
        {
            (mel.Normalisation, mel.Coefficients) = (FeatureNormalisation.Utterance, 13);
            // An encoder that has to tell from half a second around what is hidden from it makes codes that depend less on the voice.
            (mel.EncoderBlocks, mel.EncoderDilations, mel.DecoderBlocks, mel.DecoderNeighbours) = (7, [1, 1, 2, 4, 1, 2, 4], 0, 0);
            (mel.MaskedSpans, mel.LeastMaskedFrames, mel.MaskedFrames) = (6, 8, 24);
            // The error of 13 coefficients is a smaller sum than that of 30; the commitment must not outweigh it.
            options.Quantizer.CommitmentCost = 0.1;
        }
        if (settings is { Waveform: true, Cuda: false } && options.Codec is WaveformCodecOptions waveform)
        {
            // The paper's network takes a GPU; this one shows on a CPU that all the parts work.
            waveform.Decoder.Blocks = 2;
            waveform.Decoder.LayersPerBlock = 9;
            waveform.Decoder.Channels = 32;
            waveform.Decoder.SkipChannels = 64;
            options.Training.BatchSize = 4;
            options.Quantizer.UnquantizedSteps = Steps / 5;
        }
        options.Training.Steps = Steps;
        options.Quantizer.UnquantizedSteps = Math.Min(options.Quantizer.UnquantizedSteps, Steps / 3);
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }
}
