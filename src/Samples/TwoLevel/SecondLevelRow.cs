namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>A row of codes with its latents, and what the codes cost.</summary>
internal sealed class SecondLevelRow
{
    public uint[] Codes { get; set; } = [];

    public uint[] Latents { get; set; } = [];

    public float Conditional { get; set; }

    public float Unconditional { get; set; }

    public SecondLevelRow With(uint[] latents) => new() { Codes = Codes, Latents = latents };
}

/// <summary>A picture, what is left of it in the codes of the first level, and its latents.</summary>
internal sealed class PictureOfLatents
{
    public float[] Pixels { get; set; } = [];

    public float[] Reconstruction { get; set; } = [];

    public uint[] Latents { get; set; } = [];

    public string Class { get; set; } = "";
}
