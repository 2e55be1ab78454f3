#!/usr/bin/env python3
"""Golden values of tiny transformer priors, over a grid with two codes per position and three classes, and over sequences without a class:
logits, loss and all gradients. Computed with NumPy in double precision, one head of one position of one row at a time, each attending to a
list of earlier positions instead of a mask; gradients by central differences; from nothing of this library.

Make them again:  python3 test/golden/transformer_prior.py      (Debian: python3-numpy)

Writes transformer_prior.json beside this file. Weights and inputs come from a formula of their name and index, see value(); the tests in
test/Microsoft.ML.VqVae.Tests/Priors use the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import numpy as np

erf = np.vectorize(math.erf)


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.6):
    return np.array([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def symbols(name, count, *shape):
    return np.array([int((value(name, i, 0.5) + 0.5) * count) % count for i in range(math.prod(shape))]).reshape(shape)


def compact(array):
    return [float(f"{x:.8g}") for x in np.asarray(array).reshape(-1).tolist()]


def weights(shape):
    c, f, k, places = shape["channels"], shape["feed_forward"], shape["codes"], shape["codes_per_position"]
    shapes = {"codes": (places * k + 1, c)}
    if shape["conditions"]:
        shapes["conditions"] = (shape["conditions"], c)
    if shape["height"]:
        shapes["rows"], shapes["columns"] = (shape["height"], c), (shape["width"], c)
    if places > 1:
        shapes["places"] = (places, c)
    for n in range(shape["layers"]):
        for part, outputs, inputs in (("attention", 3 * c, c), ("attentionOutput", c, c), ("feedForward", f, c),
                                      ("feedForwardOutput", c, f)):
            shapes[f"layers.{n}.{part}.weight"], shapes[f"layers.{n}.{part}.bias"] = (outputs, inputs), (outputs,)
        for part in ("attentionNorm", "feedForwardNorm"):
            shapes[f"layers.{n}.{part}.weight"], shapes[f"layers.{n}.{part}.bias"] = (c,), (c,)
    shapes["norm.weight"], shapes["norm.bias"] = (c,), (c,)
    for place in range(places):
        shapes[f"logits.{place}.weight"], shapes[f"logits.{place}.bias"] = (k, c), (k,)
    return {name: make(name, *size) for name, size in shapes.items()}


def linear(p, name, x):
    return p[f"{name}.weight"] @ x + p[f"{name}.bias"]


def normalize(p, name, x):
    return p[f"{name}.weight"] * (x - x.mean()) / math.sqrt(x.var() + 1e-5) + p[f"{name}.bias"]


def rotate(vector, position):
    """Channels d and d + D/2 are the real and the imaginary part of a number that turns by position / 10000^(2d/D)."""
    half = len(vector) // 2
    turned = (vector[:half] + 1j * vector[half:]) * np.exp(1j * position * 10000.0 ** (-np.arange(half) / half))
    return np.concatenate([turned.real, turned.imag])


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def row_logits(p, shape, codes, condition):
    """The logits of a row, [N, K]."""
    places, k, heads, c = shape["codes_per_position"], shape["codes"], shape["heads"], shape["channels"]
    per_head = c // heads
    states = []
    for i in range(len(codes)):
        x = p["codes"][places * k] if i == 0 else p["codes"][(i - 1) % places * k + codes[i - 1]]
        if condition is not None:
            x = x + p["conditions"][condition]
        if shape["height"]:
            position = i // places
            x = x + p["rows"][position // shape["width"]] + p["columns"][position % shape["width"]]
        if places > 1:
            x = x + p["places"][i % places]
        states.append(x)
    for n in range(shape["layers"]):
        triples = [linear(p, f"layers.{n}.attention", normalize(p, f"layers.{n}.attentionNorm", x)) for x in states]
        after = []
        for i, x in enumerate(states):
            attended = []
            for h in range(heads):
                own = slice(h * per_head, (h + 1) * per_head)
                query = triples[i][:c][own]
                keys = [triples[j][c:2 * c][own] for j in range(i + 1)]
                values = np.array([triples[j][2 * c:][own] for j in range(i + 1)])
                if not shape["height"]:
                    query, keys = rotate(query, i), [rotate(key, j) for j, key in enumerate(keys)]
                scores = np.exp([query @ key / math.sqrt(per_head) for key in keys])
                attended.append(scores / scores.sum() @ values)
            x = x + linear(p, f"layers.{n}.attentionOutput", np.concatenate(attended))
            hidden = gelu(linear(p, f"layers.{n}.feedForward", normalize(p, f"layers.{n}.feedForwardNorm", x)))
            after.append(x + linear(p, f"layers.{n}.feedForwardOutput", hidden))
        states = after
    return np.array([linear(p, f"logits.{i % places}", normalize(p, "norm", x)) for i, x in enumerate(states)])


def case(length, lengths, given_conditions, **shape):
    p = weights(shape)
    batch = len(lengths)
    given = symbols("given", shape["codes"], batch, length)

    def run():
        logits = np.array([row_logits(p, shape, given[b], given_conditions[b] if given_conditions else None) for b in range(batch)])
        chosen = np.take_along_axis(logits, given[:, :, None], 2)[:, :, 0]
        nats = (np.log(np.exp(logits).sum(2)) - chosen) * (np.arange(length) < np.array(lengths)[:, None])
        return logits, nats.sum() / sum(lengths)

    logits, loss = run()
    gradients = {}
    step = 1e-5
    for name, array in p.items():
        flat = array.reshape(-1)
        gradient = np.zeros(len(flat))
        for i in range(len(flat)):
            before = flat[i]
            flat[i] = before + step
            more = run()[1]
            flat[i] = before - step
            gradient[i] = (more - run()[1]) / (2 * step)
            flat[i] = before
        gradients[name] = compact(np.round(gradient, 10))
    return dict(shape, length=length, batch=batch, lengths=lengths, condition=given_conditions or [], given=given.reshape(-1).tolist(),
                logits=compact(logits), loss=compact(loss)[0], gradients=gradients)


result = dict(
    grid=case(length=12, lengths=[12, 12], given_conditions=[2, 0], height=2, width=3, codes_per_position=2, codes=4, conditions=3,
              layers=2, channels=4, heads=2, feed_forward=6),
    sequence=case(length=9, lengths=[9, 4, 6], given_conditions=None, height=0, width=0, codes_per_position=1, codes=5, conditions=0,
                  layers=2, channels=8, heads=2, feed_forward=5))
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
for name, values in result.items():
    print(f"{path}: {name}: {len(values['gradients'])} parameters, loss {values['loss']:.4f}")
