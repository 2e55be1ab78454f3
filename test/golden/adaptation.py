#!/usr/bin/env python3
"""Golden values of the adaptation of an utterance to common speech: which of three views is chosen, and what its frames become, computed
with NumPy in double precision, frame by frame and from nothing of this library.

Make them again:  python3 test/golden/adaptation.py      (Debian: python3-numpy)

Writes adaptation.json beside this file. Centres and frames come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Codecs uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import numpy as np

CENTRES, C, PER_CODE, FRAMES, VIEWS, PRIOR, ITERATIONS = 128, 4, 4, 302, 3, 50, 2
AROUND, EVERYTHING = 0.11, 0.45


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=1.0):
    return np.array([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


IMPORTANCE = np.array([math.sqrt(1 - k / (4 / 3 * C)) for k in range(C)])


def code_means(frames):
    """A frame for each code: the Hann-weighted mean of 12 frames around its centre, as far as there are any."""
    means = []
    for code in range(-(-len(frames) // PER_CODE)):
        middle, total, weights = (code + 0.5) * PER_CODE, np.zeros(C), 0.0
        for at in range(len(frames)):
            distance = at + 0.5 - middle
            if abs(distance) < 6:
                weight = math.cos(math.pi * distance / 12) ** 2
                total, weights = total + weight * frames[at], weights + weight
        means.append(IMPORTANCE * total / weights)
    return np.array(means)


def expected_centre(frame, centres):
    likelihoods = np.array([math.exp(-((frame - centre) ** 2).sum() / (2 * AROUND)) for centre in centres])
    return likelihoods @ centres / likelihoods.sum()


centres = make("centres", CENTRES, C, scale=1.5)
# Steady sounds of twelve frames: the middle view says what the centres are, in a voice of its own, and the others something else.
sounds = [make(f"sounds{v}", FRAMES // 12 + 1, C, scale=1.5) for v in range(VIEWS)]
sounds[1] = centres[[7 * sound % CENTRES for sound in range(len(sounds[1]))]]
views = [np.repeat(sound, 12, 0)[:FRAMES] @ (np.eye(C) + make("voice", C, C, scale=0.4)) + 0.3 for sound in sounds]
normalised = [(view - view.mean(0)) / view.std(0) for view in views]
means = [code_means(view) for view in normalised]
far = [np.mean([min(((frame - centre) ** 2).sum() for centre in centres) for frame in view]) for view in means]
chosen = int(np.argmin(far))

matrix, offset = np.eye(C), np.zeros(C)
for _ in range(ITERATIONS):
    # Coordinate by coordinate: what is added to PRIOR observations of "coordinate j comes of coordinate j" and "nothing is added".
    adapted = [np.linalg.inv(matrix) @ (frame - offset) for frame in means[chosen]]
    expected = [np.append(expected_centre(frame, centres), 1) for frame in adapted]
    weight = PRIOR * EVERYTHING
    design = sum(np.outer(e, e) for e in expected) + weight * np.eye(C + 1)
    rows = []
    for j in range(C):
        wish = weight * np.eye(C + 1)[j]
        rows.append(np.linalg.inv(design) @ (sum(e * frame[j] for e, frame in zip(expected, means[chosen])) + wish))
    matrix, offset = np.array(rows)[:, :C], np.array(rows)[:, C]

result = [np.linalg.inv(matrix) @ (IMPORTANCE * frame - offset) / IMPORTANCE for frame in normalised[chosen]]
golden = {
    "centres": CENTRES, "coefficients": C, "frames_per_code": PER_CODE, "frames": FRAMES, "views": VIEWS,
    "around": AROUND, "everything": EVERYTHING, "distances": [round(d, 6) for d in far], "chosen": chosen,
    "adapted": [round(float(x), 6) for x in np.array(result).ravel()],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"adaptation": golden}) + "\n")
print(far, chosen, matrix, offset, sep="\n")
