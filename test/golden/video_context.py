#!/usr/bin/env python3
"""Golden values of the network over earlier frames that conditions the prior over video: the map and all gradients of a weighted sum of it,
computed with plain PyTorch and from nothing of this library, one example after the other.

Make them again:  python3 test/golden/video_context.py      (Debian: python3-torch)

Writes video_context.json beside this file. Weights and codes come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Priors uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

B, N, H, W, G, K, ACTIONS, E, C, KERNEL, BLOCKS = 4, 2, 3, 4, 2, 5, 3, 3, 4, 5, 2


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.6):
    return torch.tensor([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


shapes = {"codes": (G * K, E), "motion": (ACTIONS, C, E, KERNEL, KERNEL), "past.weight": (C, N * E, 1, 1), "past.bias": (C,),
          "actions": (N * ACTIONS, C)}
for n in range(BLOCKS):
    shapes |= {f"blocks.{n}.wide.weight": (2 * C, C, 3, 3), f"blocks.{n}.wide.bias": (2 * C,), f"blocks.{n}.action": (2 * C, C),
               f"blocks.{n}.narrow.weight": (C, C, 1, 1), f"blocks.{n}.narrow.bias": (C,)}
p = {name: make(name, *shape).requires_grad_() for name, shape in shapes.items()}

context = torch.tensor([int(abs(value("context", i, 1000))) % K for i in range(B * N * H * W * G)]).reshape(B, N, H, W, G)
# The same action twice, and not in order: examples of an action need not lie together.
followed = torch.tensor([[0, 2], [1, 0], [2, 2], [0, 1]])

maps = []
for b in range(B):
    frames = [sum(p["codes"][g * K + context[b, n, :, :, g]] for g in range(G)).permute(2, 0, 1)[None] for n in range(N)]
    x = F.conv2d(frames[-1], p["motion"][followed[b, -1]], padding=KERNEL // 2)
    x = x + F.conv2d(torch.cat(frames, 1), p["past.weight"], p["past.bias"])
    action = sum(p["actions"][n * ACTIONS + followed[b, n]] for n in range(N))
    for n in range(BLOCKS):
        q = lambda name: p[f"blocks.{n}.{name}"]
        sums = F.conv2d(x, q("wide.weight"), q("wide.bias"), padding=1) + (q("action") @ action)[None, :, None, None]
        gated = torch.tanh(sums[:, :C]) * torch.sigmoid(sums[:, C:])
        x = x + F.conv2d(gated, q("narrow.weight"), q("narrow.bias"))
    maps.append(x)
result = torch.cat(maps)
(result * make("weights", *result.shape, scale=1)).sum().backward()

golden = {
    "batch": B, "frames": N, "height": H, "width": W, "codes_per_position": G, "codes": K, "actions": ACTIONS, "embedding": E, "channels": C,
    "kernel": KERNEL, "blocks": BLOCKS, "context": context.reshape(-1).tolist(), "followed": followed.reshape(-1).tolist(),
    "map": compact(result), "gradients": {name: compact(t.grad) for name, t in p.items()},
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(f"{path}: map of {tuple(result.shape)}, mean square {float(result.square().mean()):.6f}")
