using System.Buffers.Binary;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Writes the progress of a run to an event file, which TensorBoard shows: its figures, and a picture of images with their
/// reconstructions from networks that make one.</summary>
internal sealed class TensorBoardLog : IDisposable
{
    // Of a run, beside the one at its end.
    const int Pictures = 10, ImagesOfPicture = 8;

    readonly string _folder;
    readonly SummaryWriter _writer;
    readonly nn.Module _network;
    readonly IReconstructing? _reconstructing;
    readonly Tensor[] _batch = [];
    long _nextPicture;

    /// <param name="folder">The folder, which exists.</param>
    /// <param name="task">The training, whose first examples the pictures are of. They are read here, before other threads read.</param>
    /// <param name="device">The device of the network.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public TensorBoardLog(string folder, TrainingTask task, Device device)
    {
        (_folder, _network) = (folder, task.Network);
        _writer = Guarded(() => utils.tensorboard.SummaryWriter(folder));
        _reconstructing = task.Objective as IReconstructing;
        if (_reconstructing is null)
            return;
        int[] first = [.. Enumerable.Range(0, Math.Min(ImagesOfPicture, task.Examples.Count))];
        Tensor[] read = BatchFeeder.Make(task.Examples.ReadBatch, new(first, Step: null), pinned: false);
        _batch = [.. read.Select(tensor => tensor.to(device, copy: true).DetachFromDisposeScope())];
        foreach (Tensor tensor in read)
            tensor.Dispose();
    }

    /// <summary>Adds the figures of a report, and a picture if one is due. The network must not be in a training step.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(TrainingProgress progress, bool last) => Guarded(() =>
    {
        int step = (int)Math.Min(int.MaxValue, progress.Step);
        void Add(string name, double? value)
        {
            if (value is double number)
                _writer.add_scalar(name, (float)number, step);
        }
        Add("loss/total", progress.Loss);
        foreach ((string part, double value) in progress.Parts)
            Add($"loss/{part}", value);
        foreach ((string term, double value) in progress.Terms)
            Add($"terms/{term}", value);
        Add("loss/validation", progress.ValidationLoss);
        Add("codes/perplexity", progress.Perplexity);
        Add("training/learning rate", progress.LearningRate);
        Add("training/examples per second", progress.ExamplesPerSecond);
        if (_reconstructing is null || (progress.Step < _nextPicture && !last))
            return _writer;
        _nextPicture = progress.Step + Math.Max(1, progress.TotalSteps / Pictures);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        bool training = _network.training;
        _network.eval();
        try
        {
            AddPicture("reconstructions", _reconstructing.Picture(_batch).cpu(), step);
        }
        finally
        {
            _network.train(training);
        }
        return _writer;
    });

    // The writer's method for tensors passes numbers to libtorch in a way that TensorArithmetic avoids; that for files does not.
    void AddPicture(string name, Tensor picture, int step)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, Bitmap(picture));
            _writer.add_img(name, file, step);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // The file of a picture [1 or 3, height, width]: 54 bytes of header, then lines from the last to the first, blue before green before red.
    static byte[] Bitmap(Tensor picture)
    {
        const int Header = 54;
        (int channels, int height, int width) = ((int)picture.shape[0], (int)picture.shape[1], (int)picture.shape[2]);
        int line = (3 * width + 3) / 4 * 4;
        byte[] file = new byte[Header + line * height];
        "BM"u8.CopyTo(file);
        foreach ((int at, int value) in (ReadOnlySpan<(int, int)>)
            [(2, file.Length), (10, Header), (14, Header - 14), (18, width), (22, height), (26, 1 | 24 << 16), (34, line * height)])
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        Span<byte> values = picture.contiguous().bytes;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    file[Header + (height - 1 - y) * line + 3 * x + 2 - channel] =
                        values[(Math.Min(channel, channels - 1) * height + y) * width + x];
                }
            }
        }
        return file;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _batch)
            tensor.Dispose();
    }

    SummaryWriter Guarded(Func<SummaryWriter> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{nameof(TrainingOptions.TensorBoardFolder)} '{_folder}' cannot be written: {e.Message}", e);
        }
    }
}
