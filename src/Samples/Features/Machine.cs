namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>A window of the readings of a synthetic periodic machine, whose class is its fault.</summary>
internal sealed class Machine
{
    /// <summary>Time steps of a window, and values at each.</summary>
    public const int Steps = 128, Channels = 2;

    static readonly string[] Faults = ["none", "burst", "missing stroke", "imbalance", "slack"];

    /// <summary>Time step by time step: vibration, and temperature.</summary>
    public float[] Window { get; set; } = [];

    public string Class { get; set; } = "";

    /// <summary>Machines of random period, phase, strength and noise; machine number n is the same whatever the range.</summary>
    public static Machine[] Make(int first, int count) => [.. Enumerable.Range(first, count).Select(number => Of(number))];

    static Machine Of(int number)
    {
        var random = new Random(number);
        int fault = number % Faults.Length;
        double period = 18 + 22 * random.NextDouble(), start = random.NextDouble(), strength = 0.6 + 0.8 * random.NextDouble();
        double size = 0.35 + 0.3 * random.NextDouble(), tone = 0.7 + 0.6 * random.NextDouble();
        var machine = new Machine { Window = new float[Steps * Channels], Class = Faults[fault] };
        for (int step = 0; step < Steps; step++)
        {
            double turn = step / period + start, phase = turn - Math.Floor(turn), since = phase * period;
            double vibration = strength * Math.Sin(2 * Math.PI * turn);
            vibration += Faults[fault] switch
            {
                "burst" when since < 6 => size * Math.Cos(Math.PI * since * tone) * (6 - since) / 3,
                "missing stroke" when (int)Math.Floor(turn) % 2 == 0 => -0.8 * vibration,
                "imbalance" => size * Math.Sin(4 * Math.PI * turn + 1),
                "slack" when vibration > 0.7 * strength => 0.7 * strength - vibration,
                _ => 0,
            };
            machine.Window[step * Channels] = (float)(vibration + 0.15 * Normal(random));
            machine.Window[step * Channels + 1] = (float)(300 + 20 * Math.Cos(2 * Math.PI * turn / 3) + 4 * Normal(random));
        }
        return machine;
    }

    static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
