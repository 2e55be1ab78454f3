#!/usr/bin/env python3
"""Golden values of the residual vector quantizer, computed with plain NumPy in double precision from arXiv 2107.03312 (algorithm 1 and
section III.C, quantizer dropout) with the codebooks of arXiv 1711.00937 (equation 3, appendix A.1), and from nothing of this library.

Each stage quantizes what the stages before it left over. With dropout an example uses the stages that its two random numbers say: numbers
2b and 2b + 1 of the stream of the step, by SplitMix64. Losses are means over the stages, the examples and the positions.

Make them again:  python3 test/golden/residual_vector.py      (Debian: python3-numpy)

Writes residual_vector.json beside this file: a list of cases. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import numpy

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
DROPOUT_STREAM = 1 << 40


def mix(x):
    """The finalizer of SplitMix64."""
    x = (x + GOLDEN) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def uniforms(seed, stream, count):
    start = mix((mix(seed) + stream) & MASK)
    return [(mix((start + i * GOLDEN) & MASK) >> 41) / (1 << 23) for i in range(count)]


def stages_of_examples(seed, step, batch, stages, dropout):
    draws = uniforms(seed, DROPOUT_STREAM + step, 2 * batch)
    return [1 + int(draws[2 * b + 1] * stages) if draws[2 * b] < dropout else stages for b in range(batch)]


def wave(count, phase, scale):
    """Numbers that are the same on every machine and in every language."""
    i = numpy.arange(count, dtype=numpy.float64)
    values = scale * numpy.sin(1.7 * i + phase) + 0.3 * scale * numpy.cos(0.37 * i * phase + 1)
    return values.astype(numpy.float32).astype(numpy.float64)


def compact(array):
    return [float(f"{x:.9g}") for x in numpy.asarray(array).reshape(-1)]


def case(name, spatial, stages, codes, dimensions, learning, batch=2, beta=0.25, decay=0.99, smoothing=1e-5, dropout=0.0, seed=1, steps=1,
         phase=0.4):
    shape = [batch, dimensions, *spatial]
    positions = math.prod(spatial)
    # Each stage has smaller codes than the one before it.
    books = [wave(codes * dimensions, 1.1 + 0.3 * s, 0.9 * 0.5 ** s).reshape(codes, dimensions) for s in range(stages)]
    start = numpy.stack(books)
    counts = [numpy.ones(codes) for _ in range(stages)]
    sums = [book.copy() for book in books]
    weight = wave(math.prod(shape), 2.2, 1.0).reshape(shape)
    results = []
    for step in range(steps):
        encodings = wave(math.prod(shape), phase + 0.77 * step, 1.0).reshape(shape)
        # [B, D, *spatial] -> [B, positions, D]
        latents = encodings.reshape(batch, dimensions, positions).transpose(0, 2, 1)
        used = stages_of_examples(seed, step, batch, stages, dropout) if dropout > 0 else [stages] * batch
        residual = latents.copy()
        total = numpy.zeros_like(latents)
        indices = numpy.zeros([batch, positions, stages], dtype=numpy.int64)
        tally = numpy.zeros([stages, codes])
        gradient = numpy.zeros_like(latents)
        book_gradients = numpy.zeros([stages, codes, dimensions])
        squares = 0.0
        share = 1 / (stages * batch * positions)
        for s in range(stages):
            batch_sums = numpy.zeros([codes, dimensions])
            takes_part = [b for b in range(batch) if used[b] > s]
            for b in takes_part:
                for p in range(positions):
                    vector = residual[b, p].copy()
                    distances = ((vector - books[s]) ** 2).sum(1)
                    nearest = numpy.sort(distances)
                    assert nearest[1] - nearest[0] > 1e-4, f"a tie would not be a fair test: {name}"
                    k = int(distances.argmin())
                    code = books[s][k]
                    indices[b, p, s] = k
                    tally[s, k] += 1
                    batch_sums[k] += vector
                    squares += ((vector - code) ** 2).sum() * share
                    gradient[b, p] += beta * 2 * (vector - code) * share
                    book_gradients[s, k] += 2 * (code - vector) * share
                    total[b, p] += code
                    residual[b, p] = vector - code
            if takes_part:
                counts[s] = decay * counts[s] + (1 - decay) * tally[s]
                if learning == "MovingAverage":
                    sums[s] = decay * sums[s] + (1 - decay) * batch_sums
                    everything = counts[s].sum()
                    smoothed = (counts[s] + smoothing) / (everything + codes * smoothing) * everything
                    books[s] = sums[s] / smoothed[:, None]
        by_gradient = learning == "Gradient"
        arrange = lambda rows: rows.transpose(0, 2, 1).reshape(shape)
        results.append(dict(
            used=used, encodings=compact(encodings), indices=indices.reshape(-1).tolist(), quantized=compact(arrange(total)),
            codebook_loss=squares if by_gradient else 0.0, commitment_loss=squares,
            loss=(squares if by_gradient else 0.0) + beta * squares, tally=compact(tally),
            encodings_gradient=compact(arrange(gradient) + weight),
            codebook_gradients=compact(book_gradients) if by_gradient else None,
            counts_after=compact(counts), sums_after=None if by_gradient else compact(sums),
            codebooks_after=None if by_gradient else compact(books)))
    if dropout > 0:
        assert len({n for result in results for n in result["used"]}) > 1, "dropout that shows"
    return dict(
        name=name, shape=shape, stages=stages, codes=codes, dimensions=dimensions, learning=learning, beta=beta, decay=decay,
        smoothing=smoothing, dropout=dropout, seed=seed, codebooks=compact(start), output_weight=compact(weight), steps=results)


cases = [
    case("images, moving average, three stages", [3, 2], 3, 5, 3, "MovingAverage", steps=3, decay=0.9),
    case("sound, gradient, two stages", [5], 2, 6, 2, "Gradient", beta=0.5),
    case("images, moving average, one stage", [2, 2], 1, 4, 3, "MovingAverage", steps=2),
    case("video, moving average, three stages, dropout", [2, 2, 1], 3, 5, 4, "MovingAverage", batch=4, decay=0.8, smoothing=1e-3,
         dropout=0.6, seed=7, steps=4, phase=0.5),
    case("images, gradient, four stages, dropout of all examples", [2, 2], 4, 4, 3, "Gradient", batch=3, dropout=1.0, seed=20, steps=3),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{path.name}: {len(cases)} cases, used stages "
      + str([[result["used"] for result in c["steps"]] for c in cases if c["dropout"] > 0]))
