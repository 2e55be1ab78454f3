namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>A row that went through the codec. The codes are keys: 1 is the first code, 0 would be a missing one.</summary>
internal sealed class EncodedImage
{
    public float[] Pixels { get; set; } = [];

    public float[] Reconstruction { get; set; } = [];

    public uint[] Codes { get; set; } = [];

    public string Class { get; set; } = "";
}

/// <summary>What the classifier gets to see.</summary>
internal sealed class CodesOfImage
{
    public uint[] Codes { get; set; } = [];

    public string Class { get; set; } = "";
}
