#!/usr/bin/env python3
"""Golden values of tiny masked code transformers, over a grid with two codes per position, and over sequences of unequal length whose
positions are vectors: the masked positions, the outputs of a layer, the loss of masked codes and all its gradients. Computed in plain Python
in double precision, one head of one position of one row at a time, each attending to a list of positions instead of a mask; gradients by
central differences; from nothing of this library. Masks are drawn again here, from the description of SplitMix64 (Steele, Lea, Flood 2014).

Make them again:  python3 test/golden/masked_codes.py

Writes masked_codes.json beside this file. Weights and inputs come from a formula of their name and index, see value(); the tests in
test/Microsoft.ML.VqVae.Tests/Features use the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

WORD = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
SEED, STEP, SHARE, MASK_STREAM, ROWS_OF_STEP = 1, 5, 0.5, 1 << 52, 1 << 24


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def symbols(name, count, size):
    return [int((value(name, i, 0.5) + 0.5) * count) % count for i in range(size)]


def compact(numbers):
    return [float(f"{x:.8g}") for x in numbers]


def mix(x):
    x = (x + GAMMA) & WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


def uniform(seed, stream, index):
    start = mix((mix(seed) + stream) & WORD)
    return (mix((start + index * GAMMA) & WORD) >> 41) / (1 << 23)


def masked_positions(height, width, sizes, stream):
    """Blocks are drawn until half of the positions are masked: height, width, row and column of each are four numbers of the stream."""
    wanted = max(1, int(SHARE * height * width + 0.5))
    masked = set()
    number = 0
    while len(masked) < wanted:
        draw = [uniform(SEED, stream, number * 4 + i) for i in range(4)]
        number += 1
        rows, columns = (min(most, sizes[0] + int(one * (sizes[1] - sizes[0] + 1))) for one, most in zip(draw, (height, width)))
        # Blocks may reach beyond the edges.
        top, left = int(draw[2] * (height + rows - 1)) - rows + 1, int(draw[3] * (width + columns - 1)) - columns + 1
        for row in range(top, top + rows):
            for column in range(left, left + columns):
                if 0 <= row < height and 0 <= column < width and len(masked) < wanted:
                    masked.add(row * width + column)
    return sorted(masked)


def weights(shape):
    c, f, k, places, d = (shape[name] for name in ("channels", "feed_forward", "codes", "codes_per_position", "input_channels"))
    sizes = {"mask": [c]}
    sizes |= {"input.weight": [c, d], "input.bias": [c]} if d else {"codes": [places * k, c]}
    if shape["height"]:
        sizes |= {"rows": [shape["height"], c], "columns": [shape["width"], c]}
    for n in range(shape["layers"]):
        for part, outputs, inputs in (("attention", 3 * c, c), ("attentionOutput", c, c), ("feedForward", f, c),
                                      ("feedForwardOutput", c, f)):
            sizes |= {f"layers.{n}.{part}.weight": [outputs, inputs], f"layers.{n}.{part}.bias": [outputs]}
        for part in ("attentionNorm", "feedForwardNorm"):
            sizes |= {f"layers.{n}.{part}.weight": [c], f"layers.{n}.{part}.bias": [c]}
    sizes |= {"maskedCodes.norm.weight": [c], "maskedCodes.norm.bias": [c]}
    for place in range(places):
        sizes |= {f"maskedCodes.logits.{place}.weight": [k, c], f"maskedCodes.logits.{place}.bias": [k]}
    return {name: [value(name, i, 0.6) for i in range(math.prod(size))] for name, size in sizes.items()}


def add(*vectors):
    return [sum(numbers) for numbers in zip(*vectors)]


def row_of(table, number, width):
    return table[number * width:(number + 1) * width]


def linear(p, name, x):
    return [bias + sum(w * v for w, v in zip(row_of(p[f"{name}.weight"], i, len(x)), x)) for i, bias in enumerate(p[f"{name}.bias"])]


def normalize(p, name, x):
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-5)
    return [w * (v - mean) / deviation + b for w, v, b in zip(p[f"{name}.weight"], x, p[f"{name}.bias"])]


def rotate(vector, position):
    """Channels d and d + D/2 are the real and the imaginary part of a number that turns by position / 10000^(2d/D)."""
    half = len(vector) // 2
    turned = [complex(vector[d], vector[d + half]) * complex(math.cos(angle), math.sin(angle))
              for d, angle in ((d, position * 10000.0 ** (-d / half)) for d in range(half))]
    return [z.real for z in turned] + [z.imag for z in turned]


def gelu(x):
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def softmax_mean(scores, values):
    shares = [math.exp(score) for score in scores]
    return [sum(share * one[d] for share, one in zip(shares, values)) / sum(shares) for d in range(len(values[0]))]


def run_row(p, shape, inputs, masked, layers):
    """The states of the positions of a row after some layers; inputs are lists of codes, or vectors."""
    c, k, heads = shape["channels"], shape["codes"], shape["heads"]
    per_head = c // heads
    states = []
    for i, given in enumerate(inputs):
        if i in masked:
            x = p["mask"]
        elif shape["input_channels"]:
            x = linear(p, "input", given)
        else:
            x = add(*(row_of(p["codes"], place * k + code, c) for place, code in enumerate(given)))
        if shape["height"]:
            x = add(x, row_of(p["rows"], i // shape["width"], c), row_of(p["columns"], i % shape["width"], c))
        states.append(x)
    for n in range(layers):
        triples = [linear(p, f"layers.{n}.attention", normalize(p, f"layers.{n}.attentionNorm", x)) for x in states]
        after = []
        for i, x in enumerate(states):
            attended = []
            for h in range(heads):
                def own(j, part):
                    return triples[j][part * c + h * per_head:part * c + (h + 1) * per_head]
                query, keys = own(i, 0), [own(j, 1) for j in range(len(states))]
                if not shape["height"]:
                    query, keys = rotate(query, i), [rotate(key, j) for j, key in enumerate(keys)]
                scores = [sum(q * v for q, v in zip(query, key)) / math.sqrt(per_head) for key in keys]
                attended += softmax_mean(scores, [own(j, 2) for j in range(len(states))])
            x = add(x, linear(p, f"layers.{n}.attentionOutput", attended))
            hidden = [gelu(v) for v in linear(p, f"layers.{n}.feedForward", normalize(p, f"layers.{n}.feedForwardNorm", x))]
            after.append(add(x, linear(p, f"layers.{n}.feedForwardOutput", hidden)))
        states = after
    return states


def case(lengths, sizes, **shape):
    p = weights(shape)
    places, k, d = shape["codes_per_position"], shape["codes"], shape["input_channels"]
    batch, longest = len(lengths), max(lengths)
    given = symbols("given", k, batch * longest * places)
    vectors = [value("vectors", i, 1.0) for i in range(batch * longest * d)]

    def codes_at(b, i):
        return given[(b * longest + i) * places:(b * longest + i + 1) * places]

    def inputs_of(b):
        return [vectors[(b * longest + i) * d:(b * longest + i + 1) * d] if d else codes_at(b, i) for i in range(lengths[b])]

    size = (shape["height"], shape["width"]) if shape["height"] else None
    masks = [masked_positions(*(size or (1, lengths[b])), sizes, MASK_STREAM + STEP * ROWS_OF_STEP + b) for b in range(batch)]

    def loss():
        nats = []
        for b in range(batch):
            states = run_row(p, shape, inputs_of(b), masks[b], shape["layers"])
            for i in masks[b]:
                x = normalize(p, "maskedCodes.norm", states[i])
                for place, code in enumerate(codes_at(b, i)):
                    scores = linear(p, f"maskedCodes.logits.{place}", x)
                    nats.append(math.log(sum(math.exp(score) for score in scores)) - scores[code])
        return sum(nats) / len(nats)

    gradients = {}
    step = 1e-5
    for name, array in p.items():
        gradient = []
        for i, before in enumerate(array):
            array[i] = before + step
            more = loss()
            array[i] = before - step
            gradient.append(round((more - loss()) / (2 * step), 10))
            array[i] = before
        gradients[name] = compact(gradient)
    features = [run_row(p, shape, inputs_of(b), [], shape["feature_layer"]) for b in range(batch)]
    return dict(shape, batch=batch, lengths=lengths, min_mask_size=sizes[0], max_mask_size=sizes[1], seed=SEED, step=STEP, given=given,
                vectors=compact(vectors), masks=[i + b * longest for b in range(batch) for i in masks[b]],
                features=compact(v for row in features for x in row for v in x), loss=compact([loss()])[0], gradients=gradients)


result = dict(
    grid=case(lengths=[6, 6], sizes=(1, 2), height=2, width=3, codes_per_position=2, codes=4, input_channels=0, layers=2, channels=4,
              heads=2, feed_forward=6, feature_layer=1),
    sequence=case(lengths=[5, 3, 1], sizes=(2, 2), height=0, width=0, codes_per_position=1, codes=3, input_channels=3, layers=2, channels=4,
                  heads=1, feed_forward=5, feature_layer=2))
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
for name, values in result.items():
    print(f"{path.name}: {name}: {len(values['gradients'])} parameters, masked {values['masks']}, loss {values['loss']:.4f}")
