#!/usr/bin/env python3
"""Golden values of a tiny network of features of images: the maps of its last two stages, the losses of the contrastive objective and of the
bag of codes with all their gradients, and the moving averages of a batch normalization after a step. Both views of an image are the image
itself. Computed in plain Python in double precision, one output of one channel at a time; gradients by central differences; from nothing of
this library.

Make them again:  python3 test/golden/image_features.py

Writes image_features.json beside this file. Weights and inputs come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Features uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

ROWS, HEIGHT, WIDTH, CHANNELS, FEATURES, CODES, PLACES, TEMPERATURE = 3, 5, 4, 2, 3, 3, 2, 0.5
MEAN, DEVIATION, MINIMUM, MAXIMUM = 0.4, 0.8, -1.0, 1.5
EPSILON, MOMENTUM = 1e-5, 0.1


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def compact(numbers):
    return [float(f"{x:.8g}") for x in numbers]


LAYERS = [("stages.0.down", 1, CHANNELS, 3, 2), ("stages.0.residual.0.first", CHANNELS, CHANNELS, 3, 1),
          ("stages.0.residual.0.second", CHANNELS, CHANNELS, 3, 1), ("stages.1.down", CHANNELS, 2 * CHANNELS, 3, 2),
          ("stages.1.residual.0.first", 2 * CHANNELS, 2 * CHANNELS, 3, 1), ("stages.1.residual.0.second", 2 * CHANNELS, 2 * CHANNELS, 3, 1),
          ("project", 2 * CHANNELS, FEATURES, 1, 1)]

sizes = {}
for name, inputs, outputs, size, _ in LAYERS:
    sizes |= {f"{name}.kernel": outputs * inputs * size * size, f"{name}.scale": outputs, f"{name}.shift": outputs}
for name in ("contrastive", "bagOfCodes"):
    sizes |= {f"{name}.norm.weight": FEATURES, f"{name}.norm.bias": FEATURES}
for name in ("contrastive.hidden", "contrastive.projection"):
    sizes |= {f"{name}.weight": FEATURES * FEATURES, f"{name}.bias": FEATURES}
sizes |= {"bagOfCodes.logits.weight": PLACES * CODES * FEATURES, "bagOfCodes.logits.bias": PLACES * CODES}
weights = {name: [value(name, i, 0.6) for i in range(size)] for name, size in sizes.items()}
averages = {name: ([value(f"{name}.mean", i, 0.3) for i in range(outputs)],
                   [1 + value(f"{name}.variance", i, 0.5) for i in range(outputs)]) for name, _, outputs, _, _ in LAYERS}
images = [value("images", i, 1.0) for i in range(ROWS * HEIGHT * WIDTH)]
codes = [int((value("codes", i, 0.5) + 0.5) * CODES) % CODES for i in range(ROWS * 4 * PLACES)]


def convolve(name, maps, inputs, outputs, size, stride):
    """maps[row][channel][y][x]; zeros around."""
    kernel, pad, made = weights[f"{name}.kernel"], size // 2, []
    for map_ in maps:
        height, width = len(map_[0]), len(map_[0][0])
        made.append([[[sum(
            kernel[((o * inputs + i) * size + dy) * size + dx] * map_[i][y * stride + dy - pad][x * stride + dx - pad]
            for i in range(inputs) for dy in range(size) for dx in range(size)
            if 0 <= y * stride + dy - pad < height and 0 <= x * stride + dx - pad < width)
            for x in range((width - 1) // stride + 1)] for y in range((height - 1) // stride + 1)] for o in range(outputs)])
    return made


def statistics(maps, channel):
    numbers = [v for map_ in maps for line in map_[channel] for v in line]
    mean = sum(numbers) / len(numbers)
    return mean, sum((v - mean) ** 2 for v in numbers) / len(numbers), len(numbers)


def layer(number, maps, training):
    name, inputs, outputs, size, stride = LAYERS[number]
    maps = convolve(name, maps, inputs, outputs, size, stride)
    for o in range(outputs):
        mean, variance = statistics(maps, o)[:2] if training else (averages[name][0][o], averages[name][1][o])
        scale, shift = weights[f"{name}.scale"][o], weights[f"{name}.shift"][o]
        for map_ in maps:
            map_[o] = [[scale * (v - mean) / math.sqrt(variance + EPSILON) + shift for v in line] for line in map_[o]]
    return maps


def relu(maps):
    return [[[[max(0.0, v) for v in line] for line in channel] for channel in map_] for map_ in maps]


def add(left, right):
    return [[[[v + w for v, w in zip(*lines)] for lines in zip(*channels)] for channels in zip(*maps)] for maps in zip(left, right)]


def inputs():
    return [[[[(images[(row * HEIGHT + y) * WIDTH + x] - MEAN) / DEVIATION for x in range(WIDTH)] for y in range(HEIGHT)]]
            for row in range(ROWS)]


def run(training):
    states, maps = inputs(), []
    for stage in range(2):
        states = relu(layer(3 * stage, states, training))
        states = relu(add(states, layer(3 * stage + 2, relu(layer(3 * stage + 1, states, training)), training)))
        maps.append(states)
    maps[1] = relu(layer(6, maps[1], training))
    return maps


def linear(name, x):
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return [b + sum(weight[i * len(x) + j] * v for j, v in enumerate(x)) for i, b in enumerate(bias)]


def normalize(name, x):
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + EPSILON)
    return [w * (v - mean) / deviation + b for w, v, b in zip(weights[f"{name}.weight"], x, weights[f"{name}.bias"])]


def losses():
    features = [[sum(map(sum, channel)) / (len(channel) * len(channel[0])) for channel in map_] for map_ in run(training=True)[1]]
    projected = []
    for x in features:
        x = linear("contrastive.projection", [max(0.0, v) for v in linear("contrastive.hidden", normalize("contrastive.norm", x))])
        length = math.sqrt(sum(v * v for v in x))
        projected.append([v / length for v in x])
    # Of 2 · ROWS views, each recognizes the other one of its row, which is the same.
    contrastive = 0
    for row, x in enumerate(projected):
        similarities = [sum(v * w for v, w in zip(x, other)) / TEMPERATURE for other in projected]
        total = sum((1 if other == row else 2) * math.exp(s) for other, s in enumerate(similarities))
        contrastive += (math.log(total) - similarities[row]) / ROWS
    bag = 0
    for row, x in enumerate(features):
        scores = linear("bagOfCodes.logits", normalize("bagOfCodes.norm", x))
        for place in range(PLACES):
            mine = scores[place * CODES:(place + 1) * CODES]
            log_total = math.log(sum(map(math.exp, mine)))
            ofrow = codes[row * 4 * PLACES:(row + 1) * 4 * PLACES][place::PLACES]
            bag += sum(log_total - mine[code] for code in ofrow) / (4 * PLACES * ROWS)
    return contrastive, bag


def loss():
    contrastive, bag = losses()
    return 0.7 * contrastive + 0.4 * bag


gradients, step = {}, 1e-5
for name, array in weights.items():
    gradient = []
    for i, before in enumerate(array):
        array[i] = before + step
        more = loss()
        array[i] = before - step
        gradient.append(round((more - loss()) / (2 * step), 10))
        array[i] = before
    gradients[name] = compact(gradient)

before = convolve("stages.0.down", inputs(), 1, CHANNELS, 3, 2)
moved = ([], [])
for channel in range(CHANNELS):
    mean, variance, count = statistics(before, channel)
    count *= 2
    for place, number in enumerate((mean, variance * count / (count - 1))):
        moved[place].append((1 - MOMENTUM) * averages["stages.0.down"][place][channel] + MOMENTUM * number)

maps = run(training=False)
contrastive, bag = losses()
result = dict(network=dict(
    rows=ROWS, height=HEIGHT, width=WIDTH, channels=CHANNELS, feature_channels=FEATURES, codes=CODES, codes_per_position=PLACES, given=codes,
    middle=compact(v for map_ in maps[0] for channel in map_ for line in channel for v in line),
    last=compact(v for map_ in maps[1] for channel in map_ for line in channel for v in line),
    contrastive=compact([contrastive])[0], bag=compact([bag])[0], loss=compact([loss()])[0],
    moved_mean=compact(moved[0]), moved_variance=compact(moved[1]), gradients=gradients))
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(f"{path.name}: {len(gradients)} parameters, contrastive {contrastive:.4f}, bag of codes {bag:.4f}")
