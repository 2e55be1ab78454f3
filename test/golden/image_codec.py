#!/usr/bin/env python3
"""Golden values of a tiny image codec: forward pass, losses and all gradients, computed with plain PyTorch (its own transposed
convolution included) and from nothing of this library.

Make them again:  python3 test/golden/image_codec.py      (Debian: python3-torch)

Writes image_codec.json beside this file. Weights and images come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Codecs uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

B, C, S, HIDDEN, OUTER, RESIDUAL, D, G, K, BETA = 2, 2, 8, 6, 4, 3, 3, 2, 7, 0.25
MEAN, DEVIATION = 0.1, 0.8


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.35):
    return torch.tensor([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


def convolution(name, outputs, inputs, size):
    return {f"{name}.weight": make(f"{name}.weight", outputs, inputs, size, size), f"{name}.bias": make(f"{name}.bias", outputs)}


p = {
    **convolution("encoder.down.0", OUTER, C, 4), **convolution("encoder.down.1", HIDDEN, OUTER, 4),
    **convolution("encoder.residual.0.wide", RESIDUAL, HIDDEN, 3), **convolution("encoder.residual.0.narrow", HIDDEN, RESIDUAL, 1),
    **convolution("encoder.project", D * G, HIDDEN, 1),
    **convolution("decoder.expand", HIDDEN, D * G, 3),
    **convolution("decoder.residual.0.wide", RESIDUAL, HIDDEN, 3), **convolution("decoder.residual.0.narrow", HIDDEN, RESIDUAL, 1),
    "decoder.up.0.weight": make("decoder.up.0.weight", HIDDEN, OUTER, 4, 4), "decoder.up.0.bias": make("decoder.up.0.bias", OUTER),
    "decoder.up.1.weight": make("decoder.up.1.weight", OUTER, C, 4, 4), "decoder.up.1.bias": make("decoder.up.1.bias", C),
    "quantizer.codebook": make("quantizer.codebook", 1, K, D, scale=1.2),
}
for t in p.values():
    t.requires_grad_()


def conv(name, x, stride=1, padding=0):
    return F.conv2d(x, p[name + ".weight"], p[name + ".bias"], stride, padding)


def residual(name, x):
    return x + conv(name + ".narrow", F.relu(conv(name + ".wide", F.relu(x), 1, 1)))


images = make("images", B, C, S, S, scale=1.0)
x = (images - MEAN) / DEVIATION
h = F.relu(conv("encoder.down.0", x, 2, 1))
h = residual("encoder.residual.0", conv("encoder.down.1", h, 2, 1))
z = conv("encoder.project", F.relu(h))
latents = z.permute(0, 2, 3, 1).unflatten(-1, (G, D))
distances = (latents.detach().unsqueeze(-2) - p["quantizer.codebook"].detach()[0]).square().sum(-1)
ordered = distances.sort(-1).values
assert (ordered[..., 1] - ordered[..., 0]).min() > 1e-3, "a tie would not be a fair test"
indices = distances.argmin(-1)
codes = p["quantizer.codebook"][0][indices]
codebook_loss = (latents.detach() - codes).square().sum(-1).mean()
commitment = (latents - codes.detach()).square().sum(-1).mean()
q = (latents + (codes - latents).detach()).flatten(-2).permute(0, 3, 1, 2)
h = residual("decoder.residual.0", conv("decoder.expand", q, 1, 1))
h = F.conv_transpose2d(F.relu(h), p["decoder.up.0.weight"], p["decoder.up.0.bias"], 2, 1)
y = F.conv_transpose2d(F.relu(h), p["decoder.up.1.weight"], p["decoder.up.1.bias"], 2, 1)
error = (y - x).square()
total = 0.5 * error.flatten(1).sum(1).mean() / indices[0].numel() + codebook_loss + BETA * commitment
total.backward()

result = dict(
    batch=B, channels=C, size=S, hidden=HIDDEN, outer=OUTER, residual=RESIDUAL, dimensions=D, codes_per_position=G, codes=K, beta=BETA,
    mean=MEAN, deviation=DEVIATION,
    encodings=compact(z), indices=indices.reshape(-1).tolist(), reconstruction=compact(y), total=compact(total)[0],
    reconstruction_error=compact(error.mean())[0], codebook_loss=compact(codebook_loss)[0], commitment_loss=compact(commitment)[0],
    gradients={name: compact(t.grad) for name, t in p.items()})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(f"{path}: {len(p)} parameters, {len(set(indices.reshape(-1).tolist()))} of {K} codes used, loss {total.item():.4f}")
