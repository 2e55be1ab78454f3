#!/usr/bin/env python3
"""Golden values of the finite scalar quantizer, computed with plain NumPy in double precision from the formulas of arXiv 2309.15505
(section 3.1) and from nothing of this library.

A dimension of L levels is bounded to an interval of width L - 1 (1.5 for L = 2), shifted by half for even L so that 0 stays 0, and rounded.
Gradients are central differences of the bounding function: rounding passes them on unchanged.

Make them again:  python3 test/golden/finite_scalar.py      (Debian: python3-numpy)

Writes finite_scalar.json beside this file: a list of cases. All arrays are flat, in row-major order.
"""
import itertools
import json
import math
import pathlib

import numpy


def wave(count, phase, scale):
    """Numbers that are the same on every machine and in every language."""
    i = numpy.arange(count, dtype=numpy.float64)
    return scale * numpy.sin(1.7 * i + phase) + 0.3 * scale * numpy.cos(0.37 * i * phase + 1)


def compact(array):
    return [float(f"{x:.9g}") for x in numpy.asarray(array).reshape(-1)]


def bound(number, levels):
    reach = 0.75 if levels == 2 else (levels - 1) / 2
    if levels % 2 == 1:
        return reach * math.tanh(number)
    # The shift s with reach * tanh(s) = 1/2, from the definition of tanh.
    shift = 0.5 * math.log((reach + 0.5) / (reach - 0.5))
    return reach * math.tanh(number + shift) - 0.5


def slope(number, levels, step=1e-5):
    return (bound(number + step, levels) - bound(number - step, levels)) / (2 * step)


def case(name, levels, groups, spatial, scale, phase=0.4, batch=2):
    channels = len(levels) * groups
    shape = [batch, channels, *spatial]
    encodings = wave(math.prod(shape), phase, scale).astype(numpy.float32).astype(numpy.float64).reshape(shape)
    weight = wave(math.prod(shape), 2.2, 1.0).astype(numpy.float32).astype(numpy.float64).reshape(shape)
    bounded, quantized, gradient = (numpy.zeros(shape) for _ in range(3))
    indices = numpy.zeros([batch, *spatial, groups], dtype=numpy.int64)
    for example, *place in itertools.product(range(batch), *map(range, spatial)):
        for group in range(groups):
            number, size = 0, 1
            for dimension, count in enumerate(levels):
                at = (example, group * len(levels) + dimension, *place)
                value = bound(encodings[at], count)
                assert abs(value - math.floor(value) - 0.5) > 1e-3, "a tie would not be a fair test"
                level = round(value)
                digit = level + count // 2
                assert 0 <= digit < count
                bounded[at] = value
                quantized[at] = level / (count // 2)
                gradient[at] = weight[at] * slope(encodings[at], count) / (count // 2)
                number += digit * size
                size *= count
            indices[(example, *place, group)] = number
    assert len(set(indices.reshape(-1).tolist())) > 1
    return dict(
        name=name, levels=levels, codes_per_position=groups, shape=shape, encodings=compact(encodings), output_weight=compact(weight),
        bounded=compact(bounded), quantized=compact(quantized), indices=indices.reshape(-1).tolist(),
        encodings_gradient=compact(gradient))


cases = [
    case("sound, [8, 5, 5, 5]", [8, 5, 5, 5], 1, [7], 1.5, phase=0.5),
    case("images, [8, 5, 5, 5], two codes a position", [8, 5, 5, 5], 2, [3, 2], 2.0),
    case("images, [3]", [3], 1, [3, 4], 1.2),
    case("video, [3], two codes a position", [3], 2, [2, 2, 3], 1.2),
    case("images, [2, 4]", [2, 4], 1, [4, 3], 1.3),
    case("video, [2, 4], two codes a position", [2, 4], 2, [2, 3, 2], 1.3),
    case("sound, [7, 2, 6], two codes a position", [7, 2, 6], 2, [5], 1.4),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{path.name}: {len(cases)} cases")
