namespace Microsoft.ML.Trainers;

/// <summary>The columns that trainers read.</summary>
public abstract class TrainerInputBase
{
    private protected TrainerInputBase() { }

    public string FeatureColumnName = "Features";
}

public abstract class TrainerInputBaseWithLabel : TrainerInputBase
{
    private protected TrainerInputBaseWithLabel() { }

    public string LabelColumnName = "Label";
}

public abstract class TrainerInputBaseWithWeight : TrainerInputBaseWithLabel
{
    private protected TrainerInputBaseWithWeight() { }

    public string ExampleWeightColumnName;
}
