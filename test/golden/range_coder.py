"""Golden values for the range coder, made with whole numbers of any size: no carry, no renormalization of what is written already.

Writes range_coder.json. Needs Python's standard library only.
"""
import json
import pathlib
import random

BITS = 24
TOTAL = 1 << BITS


def encode(parts):
    """Encodes (start, frequency) pairs; returns the bytes without zeros at the end."""
    low, width, scale = 0, 2**64 - 1, 64  # the interval is [low, low + width) / 2^scale
    for start, frequency in parts:
        unit = width >> BITS
        low, width = low + unit * start, unit * frequency
        while width < 2**56:
            low, width, scale = low * 256, width * 256, scale + 8
    # The lowest number of the interval with the fewest digits in base 256, given a width of 2^56 or more.
    number = -(-low // 2**56) << 56
    assert low <= number < low + width
    return number.to_bytes(scale // 8, "big").rstrip(b"\0")


def frequencies(weights):
    factor = ((TOTAL - len(weights)) << 38) // sum(weights)
    result = [1 + (weight * factor >> 38) for weight in weights]
    result[weights.index(max(weights))] += TOTAL - sum(result)
    return result


def case(weights, symbols):
    counts = frequencies(weights)
    starts = [sum(counts[:symbol]) for symbol in range(len(counts))]
    return {
        "weights": weights,
        "frequencies": counts,
        "symbols": symbols,
        "bytes": encode([(starts[symbol], counts[symbol]) for symbol in symbols]).hex(),
    }


random.seed(1)
skewed = [1, 0, 2**30, 7, 900, 0, 123456]
cases = [
    case([1], [0] * 5),
    case([1, 1], []),
    case([1, 1], [1, 0, 1, 1, 0, 0, 1, 0] * 4),
    case([5, 2, 1], random.choices(range(3), [5, 2, 1], k=60)),
    case(skewed, random.choices(range(7), k=40)),
    case(skewed, [2] * 100),
    case(skewed, [6] * 50),
    case([0, 2**30], [1] * 30 + [0] + [1] * 30),
    case([2**30, 0], [1] * 12),
    case([random.randrange(2**20) for _ in range(50)], [random.randrange(50) for _ in range(120)]),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
