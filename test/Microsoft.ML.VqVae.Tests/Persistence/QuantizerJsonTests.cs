using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Quantization;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>The options of quantizers as they lie in model files: those of a vector quantizer as plain properties, others with the name of
/// their type.</summary>
[TestClass]
public sealed class QuantizerJsonTests
{
    /// <summary>JSON that is written with single quotes.</summary>
    static string Json(string text) => text.Replace('\'', '"');

    static string Write(QuantizerOptions options) => JsonSerializer.Serialize(options, SavedJson.Default.QuantizerOptions);

    static QuantizerOptions Read(string text) => JsonSerializer.Deserialize(text, SavedJson.Default.QuantizerOptions)!;

    static T RoundTrip<T>(T options)
        where T : QuantizerOptions
    {
        string text = Write(options);
        QuantizerOptions read = Read(text);
        Assert.AreEqual(text, Write(read));
        return (T)read;
    }

    [TestMethod]
    public void A_vector_quantizer_s_options_are_plain_properties_as_in_older_files()
    {
        string text = Write(new VectorQuantizerOptions
        {
            Codes = 7, SeparateCodebooks = true, Learning = CodebookLearning.MovingAverage, InitializeFromData = false, RestartEverySteps = 0,
        });
        Assert.AreEqual(
            Json("{'Codes':7,'Dimensions':64,'CodesPerPosition':1,'SeparateCodebooks':true,'CommitmentCost':0.25,'Learning':'MovingAverage',"
                + "'Decay':0.99,'Smoothing':1E-05,'InitializeFromData':false,'UnquantizedSteps':0,'KMeansIterations':8,"
                + "'RestartEverySteps':0,'RestartBelow':0.05,'RestartUntilFraction':0.85}"), text);
        var read = (VectorQuantizerOptions)Read(text);
        Assert.AreEqual((7, true, CodebookLearning.MovingAverage), (read.Codes, read.SeparateCodebooks, read.Learning));
        RoundTrip(new VectorQuantizerOptions { Codes = 9 });
    }

    [TestMethod]
    public void Other_options_carry_the_name_of_their_type()
    {
        var scalar = new FiniteScalarQuantizerOptions { Levels = [5, 4, 3], CodesPerPosition = 2 };
        Assert.AreEqual(
            Json("{'Type':'Microsoft.ML.VqVae.Networks.FiniteScalarQuantizerOptions, Microsoft.ML.VqVae',"
                + "'Settings':{'Levels':[5,4,3],'CodesPerPosition':2}}"), Write(scalar));
        FiniteScalarQuantizerOptions readScalar = RoundTrip(scalar);
        CollectionAssert.AreEqual((int[])[5, 4, 3], readScalar.Levels.ToArray());
        Assert.AreEqual(2, readScalar.CodesPerPosition);

        var residual = new ResidualVectorQuantizerOptions
        {
            Stage = new VectorQuantizerOptions { Codes = 9, Dimensions = 3, Decay = 0.5 }, CodesPerPosition = 6, Dropout = 0.25,
        };
        StringAssert.StartsWith(Write(residual), Json(
            "{'Type':'Microsoft.ML.VqVae.Networks.ResidualVectorQuantizerOptions, Microsoft.ML.VqVae','Settings':{'Stage':{'Codes':9,"));
        ResidualVectorQuantizerOptions readResidual = RoundTrip(residual);
        Assert.AreEqual((6, 0.25, 9, 3, 0.5), (readResidual.CodesPerPosition, readResidual.Dropout, readResidual.Stage.Codes,
            readResidual.Stage.Dimensions, readResidual.Stage.Decay));

        var own = new SignQuantizerOptions { Bits = 5, CodesPerPosition = 2, Scaling = SignScaling.Half };
        Assert.AreEqual(
            Json("{'Type':'Microsoft.ML.VqVae.Tests.Quantization.SignQuantizerOptions, Microsoft.ML.VqVae.Tests',"
                + "'Settings':{'Bits':5,'CodesPerPosition':2,'Scaling':'Half'}}"), Write(own));
        SignQuantizerOptions readOwn = RoundTrip(own);
        Assert.AreEqual((5, 2, SignScaling.Half), (readOwn.Bits, readOwn.CodesPerPosition, readOwn.Scaling));
    }

    [TestMethod]
    [DataRow("Microsoft.ML.VqVae.Tests.Quantization.NoSuchOptions, Microsoft.ML.VqVae.Tests",
        "the type 'Microsoft.ML.VqVae.Tests.Quantization.NoSuchOptions' of the assembly 'Microsoft.ML.VqVae.Tests'")]
    [DataRow("Plug.In, No.Such.Assembly", "the type 'Plug.In' of the assembly 'No.Such.Assembly'")]
    [DataRow("Plug.In", "the type 'Plug.In' of the assembly '?'")]
    [DataRow("Plug.In, ", "the type 'Plug.In' of the assembly ''")]
    [DataRow("System.Text.StringBuilder, System.Runtime", "the type 'System.Text.StringBuilder', which is no QuantizerOptions")]
    [DataRow("Microsoft.ML.VqVae.Networks.QuantizerOptions, Microsoft.ML.VqVae", "which is no QuantizerOptions that can be created")]
    public void A_type_that_cannot_be_used_is_named(string type, string part)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => Read(Json($"{{'Type':'{type}','Settings':{{}}}}")));
        StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    [DataRow("7")]
    [DataRow("{'Type':7,'Settings':{}}")]
    [DataRow("{'Settings':{}}")]
    [DataRow("{'Type':'Microsoft.ML.VqVae.Networks.FiniteScalarQuantizerOptions, Microsoft.ML.VqVae','Settings':null}")]
    [DataRow("{'Type':'Microsoft.ML.VqVae.Networks.FiniteScalarQuantizerOptions, Microsoft.ML.VqVae','Settings':{'Levels':null}}")]
    [DataRow("{'Type':'Microsoft.ML.VqVae.Networks.FiniteScalarQuantizerOptions, Microsoft.ML.VqVae','Settings':{'Levels':[''}}")]
    public void Damaged_text_is_an_error_of_JSON(string text) => Assert.Throws<JsonException>(() => Read(Json(text)));
}
