#!/usr/bin/env python3
"""Golden values of a tiny gated PixelCNN: logits, loss and all gradients, computed with plain PyTorch and from nothing of this library.
Here convolutions have square windows whose weights are multiplied by masks of zeros, as in the papers; the library has no masks.

Make them again:  python3 test/golden/pixelcnn.py      (Debian: python3-torch)

Writes pixelcnn.json beside this file. Weights, map and codes come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Priors uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

B, H, W, G, K, CLASSES, M, C, S, LAYERS, KERNEL = 2, 3, 4, 2, 5, 3, 2, 4, 3, 3, 3
REACH = KERNEL // 2


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.6):
    return torch.tensor([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


p = {"codes": make("codes", G * K, C), "head.hidden.weight": make("head.hidden.weight", G * S, S),
     "head.hidden.bias": make("head.hidden.bias", G * S), "head.earlier": make("head.earlier", (G - 1) * K, S)}
for g in range(G):
    p[f"head.logits.{g}.weight"] = make(f"head.logits.{g}.weight", K, S)
    p[f"head.logits.{g}.bias"] = make(f"head.logits.{g}.bias", K)
for n in range(LAYERS):
    outputs = C + S if n < LAYERS - 1 else S
    for name, shape in {"vertical.weight": (2 * C, C, REACH + 1, KERNEL), "vertical.bias": (2 * C,), "across": (2 * C, 2 * C),
                        "horizontal.weight": (2 * C, C, 1, REACH + 1), "horizontal.bias": (2 * C,), "output.weight": (outputs, C),
                        "output.bias": (outputs,), "condition": (CLASSES, 4 * C), "map": (4 * C, M)}.items():
        p[f"layers.{n}.{name}"] = make(f"layers.{n}.{name}", *shape)
for t in p.values():
    t.requires_grad_()

codes = torch.tensor([int(abs(value("grid", i, 1000))) % K for i in range(B * H * W * G)]).reshape(B, H, W, G)
conditions = torch.tensor([2, 0])
given_map = make("map", B, M, H, W, scale=1)


def masked(x, weight, first_row, first_column):
    """A convolution with a square window around each position; of its weights only the block that starts first_row rows and first_column
    columns from the position is not masked."""
    outputs, inputs, rows, columns = weight.shape
    radius = KERNEL
    side = 2 * radius + 1
    mask = torch.zeros(side, side)
    top, left = radius + first_row, radius + first_column
    mask[top:top + rows, left:left + columns] = 1
    whole = F.pad(weight, (left, side - left - columns, top, side - top - rows), value=0.0)
    return F.conv2d(x, whole * mask, padding=radius)


def matrix(x, weight):
    return F.conv2d(x, weight[:, :, None, None])


def gate(x):
    return torch.tanh(x[:, :C]) * torch.sigmoid(x[:, C:])


embedded = sum(p["codes"][g * K + codes[..., g]] for g in range(G)).permute(0, 3, 1, 2)
v = h = None
skips = 0
for n in range(LAYERS):
    q = lambda name: p[f"layers.{n}.{name}"]
    # Mask A in the first layer, which must not see its own row (vertical) or position (horizontal); mask B afterwards.
    own = 1 if n == 0 else 0
    above = masked(embedded if n == 0 else v, q("vertical.weight"), -REACH - own, -REACH) + q("vertical.bias").view(1, -1, 1, 1)
    here = masked(embedded if n == 0 else h, q("horizontal.weight"), 0, -REACH - own) + q("horizontal.bias").view(1, -1, 1, 1)
    added = q("condition")[conditions][:, :, None, None] + matrix(given_map, q("map"))
    above = above + added[:, :2 * C]
    here = here + added[:, 2 * C:] + matrix(above, q("across"))
    outputs = matrix(gate(here), q("output.weight")) + q("output.bias").view(1, -1, 1, 1)
    if n < LAYERS - 1:
        before = masked(embedded, torch.eye(C)[:, :, None, None], 0, -1) if n == 0 else h
        h = before + outputs[:, :C]
        outputs = outputs[:, C:]
    skips = skips + outputs
    v = gate(above)

hidden = matrix(torch.relu(skips), p["head.hidden.weight"]) + p["head.hidden.bias"].view(1, -1, 1, 1)
logits = []
for g in range(G):
    sums = hidden[:, g * S:(g + 1) * S].permute(0, 2, 3, 1)
    for earlier in range(g):
        sums = sums + p["head.earlier"][earlier * K + codes[..., earlier]]
    logits.append(torch.relu(sums) @ p[f"head.logits.{g}.weight"].t() + p[f"head.logits.{g}.bias"])
logits = torch.stack(logits, 3)
loss = F.cross_entropy(logits.reshape(-1, K), codes.reshape(-1))
loss.backward()

golden = {
    "batch": B, "height": H, "width": W, "codes_per_position": G, "codes": K, "classes": CLASSES, "map_channels": M, "channels": C,
    "skip_channels": S, "layers": LAYERS, "kernel": KERNEL, "grid": codes.reshape(-1).tolist(), "conditions": conditions.tolist(),
    "logits": compact(logits), "loss": float(loss), "gradients": {name: compact(t.grad) for name, t in p.items() if t.grad is not None},
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(f"{path}: loss {float(loss):.6f}, no gradient: {[name for name, t in p.items() if t.grad is None]}")
