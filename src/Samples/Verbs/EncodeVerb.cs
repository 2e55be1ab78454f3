using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Shards;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The command that encodes one shard of the rows of a data set, for jobs on many machines.</summary>
internal sealed class EncodeVerb : System.CommandLine.Command
{
    public EncodeVerb() : base("encode", "Encodes the rows of one shard of a data set to a file of codes, for many processes at once.")
    {
        var model = new Option<string>("--model") { Description = "A model.zip with a codec, for example of images or compress.", Required = true };
        var data = new Option<string?>("--data")
        {
            Description = "A folder as for images, or of image files without subfolders, or a file that SaveAsBinary of ML.NET wrote. "
                + "Default: Fashion-MNIST.",
        };
        Option<bool> skip = ImageVerbs.SkipOption();
        var part = new Option<string>("--part") { Description = "Part of a data set of images.", DefaultValueFactory = _ => "train" };
        part.AcceptOnlyFromAmong("train", "test");
        var shard = new Option<string>("--shard")
        {
            Description = "The number of this shard, from 1, and of all shards, as in 3/8.", DefaultValueFactory = _ => "1/1",
        };
        var output = new Option<string>("--out") { Description = "Output file: .parquet, or .idv (ML.NET binary).", Required = true };
        var score = new Option<bool>("--score") { Description = "Also write the score of each row; the model needs a prior." };
        Option<string> device = SampleVerb.DeviceOption();
        foreach (Option option in (Option[])[model, data, skip, part, shard, output, score, device])
            Add(option);
        SetAction((parsed, cancellation) => SampleVerb.Guarded(() =>
        {
            var settings = new EncodeSettings
            {
                ModelFile = parsed.GetValue(model)!,
                Data = parsed.GetValue(data),
                SkipUnreadable = parsed.GetValue(skip),
                Test = parsed.GetValue(part) == "test",
                Shard = ShardRange.Parse(parsed.GetValue(shard)!),
                OutputFile = parsed.GetValue(output)!,
                Score = parsed.GetValue(score),
                Cuda = parsed.GetValue(device) == "cuda",
            };
            parsed.InvocationConfiguration.Output.WriteLine(ShardEncoding.Run(settings, cancellation));
            return 0;
        }));
    }
}
