namespace Microsoft.ML.Data;

/// <summary>An image of 8-bit red, green, blue and premultiplied alpha values.</summary>
public sealed class MLImage : IDisposable
{
    private byte[] _pixels;
    private readonly int _width;
    private readonly int _height;
    private readonly MLPixelFormat _format;
    private string _tag;

    internal MLImage(int width, int height, MLPixelFormat format, byte[] pixels)
    {
        _width = width;
        _height = height;
        _format = format;
        _pixels = pixels;
    }

    public int Width => Live(_width);
    public int Height => Live(_height);
    public MLPixelFormat PixelFormat => Live(_format);
    public ReadOnlySpan<byte> Pixels => Buffer;

    public string Tag
    {
        get => Live(_tag);
        set => _tag = Live(value);
    }

    internal byte[] Buffer => _pixels ?? throw new InvalidOperationException("Object is disposed.");

    public static MLImage CreateFromFile(string imagePath)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return Decode(File.Exists(imagePath) ? File.ReadAllBytes(imagePath) : [])
            ?? throw new ArgumentException("Invalid path", nameof(imagePath));
    }

    public static MLImage CreateFromStream(Stream imageStream)
    {
        ArgumentNullException.ThrowIfNull(imageStream);
        using var file = new MemoryStream();
        imageStream.CopyTo(file);
        return Decode(file.ToArray()) ?? throw new ArgumentException("Invalid input stream contents", nameof(imageStream));
    }

    public static MLImage CreateFromPixels(int width, int height, MLPixelFormat pixelFormat, ReadOnlySpan<byte> imagePixelData)
    {
        if (pixelFormat is not (MLPixelFormat.Bgra32 or MLPixelFormat.Rgba32))
            throw new ArgumentException("Unsupported pixel format", nameof(pixelFormat));
        if (width <= 0)
            throw new ArgumentException("Invalid width value.", nameof(width));
        if (height <= 0)
            throw new ArgumentException("Invalid height value.", nameof(height));
        if (imagePixelData.Length != width * height * 4)
            throw new ArgumentException("Invalid imagePixelData buffer size.");
        return new MLImage(width, height, pixelFormat, imagePixelData.ToArray());
    }

    public void Save(string imagePath)
    {
        var bgra = (byte[])Buffer.Clone();
        if (_format == MLPixelFormat.Rgba32)
        {
            for (int i = 0; i < bgra.Length; i += 4)
                (bgra[i], bgra[i + 2]) = (bgra[i + 2], bgra[i]);
        }
        string extension = Path.GetExtension(imagePath).ToLowerInvariant();
        if (extension != ".png")
            throw new NotSupportedException($"The stand-in for ML.NET saves images as .png only, not as '{extension}'.");
        File.WriteAllBytes(imagePath, GdImageFile.EncodePng(bgra, _width, _height));
    }

    public void Dispose() => _pixels = null;

    private static MLImage Decode(byte[] file) =>
        GdImageFile.Decode(file, out int width, out int height) is { } pixels
            ? new MLImage(width, height, MLPixelFormat.Bgra32, pixels) : null;

    private T Live<T>(T value) => _pixels is null ? throw new InvalidOperationException("Object is disposed.") : value;
}

public enum MLPixelFormat
{
    Unknown,
    Bgra32,
    Rgba32,
}
