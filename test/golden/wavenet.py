#!/usr/bin/env python3
"""Golden values of a tiny WaveNet, once as a decoder of waveforms and once as a prior over codes: logits, loss and all gradients, computed
with PyTorch's own dilated Conv1d over left-padded sequences, one-hot speakers and repeated latents, from nothing of this library.

Make them again:  python3 test/golden/wavenet.py      (Debian: python3-torch)

Writes wavenet.json beside this file. Weights and inputs come from a formula of their name and index, see value(); the tests in
test/Microsoft.ML.VqVae.Tests/Codecs and .../Priors use the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.35):
    return torch.tensor([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


def weights(symbols, speakers, conditioning, layers, taps, channels, skip):
    p = {"stack.embedding": make("stack.embedding", symbols + 1, channels), "stack.skipBias": make("stack.skipBias", skip)}
    for n in range(layers):
        name = f"stack.layers.{n}"
        for half in ("filter", "gate"):
            p[f"{name}.{half}.weight"] = make(f"{name}.{half}.weight", channels, channels, taps)
            p[f"{name}.{half}.bias"] = make(f"{name}.{half}.bias", channels)
            p[f"{name}.{half}.classes"] = make(f"{name}.{half}.classes", speakers, channels)
            if conditioning:
                p[f"{name}.{half}.conditioning"] = make(f"{name}.{half}.conditioning", channels, conditioning)
        if n < layers - 1:
            p[f"{name}.residual.weight"] = make(f"{name}.residual.weight", channels, channels)
            p[f"{name}.residual.bias"] = make(f"{name}.residual.bias", channels)
        p[f"{name}.skip"] = make(f"{name}.skip", skip, channels)
    for part, outputs in (("hidden", skip), ("output", symbols)):
        p[f"stack.{part}.weight"] = make(f"stack.{part}.weight", outputs, skip)
        p[f"stack.{part}.bias"] = make(f"stack.{part}.bias", outputs)
    return p


def wavenet(p, symbols, speaker, speakers, latents, dilations, taps):
    """symbols [B, T], speaker [B], latents [B, C, T] or None → logits [B, K, T]"""
    start = len(p["stack.embedding"]) - 1
    x = F.embedding(F.pad(symbols[:, :-1], (1, 0), value=start), p["stack.embedding"]).transpose(1, 2)
    who = F.one_hot(speaker, speakers).float()
    total = p["stack.skipBias"][None, :, None]
    for n, dilation in enumerate(dilations):
        name = f"stack.layers.{n}"
        halves = []
        for half in ("filter", "gate"):
            y = F.conv1d(F.pad(x, ((taps - 1) * dilation, 0)), p[f"{name}.{half}.weight"], p[f"{name}.{half}.bias"], dilation=dilation)
            y = y + (who @ p[f"{name}.{half}.classes"])[:, :, None]
            if latents is not None:
                y = y + F.conv1d(latents, p[f"{name}.{half}.conditioning"][:, :, None])
            halves.append(y)
        z = torch.tanh(halves[0]) * torch.sigmoid(halves[1])
        total = total + F.conv1d(z, p[f"{name}.skip"][:, :, None])
        if n < len(dilations) - 1:
            x = x + F.conv1d(z, p[f"{name}.residual.weight"][:, :, None], p[f"{name}.residual.bias"])
    h = F.relu(F.conv1d(F.relu(total), p["stack.hidden.weight"][:, :, None], p["stack.hidden.bias"]))
    return F.conv1d(h, p["stack.output.weight"][:, :, None], p["stack.output.bias"])


def symbols(name, count, *shape):
    return torch.tensor([int((value(name, i, 0.5) + 0.5) * count) % count for i in range(math.prod(shape))]).reshape(shape)


def decoder():
    b, latents, hop, d, frames, conditioning, speakers, blocks, layers, taps, channels, skip = 2, 5, 8, 3, 2, 4, 3, 2, 2, 2, 5, 6
    p = weights(256, speakers, conditioning, blocks * layers, taps, channels, skip)
    p["frames.weight"] = make("frames.weight", frames * conditioning, d, 3)
    p["frames.bias"] = make("frames.bias", frames * conditioning)
    quantized = make("quantized", b, d, latents, scale=1)
    for t in (*p.values(), quantized):
        t.requires_grad_()
    samples = symbols("samples", 256, b, latents * hop)
    speaker = torch.tensor([2, 0])
    made = F.relu(F.conv1d(quantized, p["frames.weight"], p["frames.bias"], padding=1))
    # Channels of a latent: those of its first frame, then those of its second.
    made = made.reshape(b, frames, conditioning, latents).permute(0, 2, 3, 1).reshape(b, conditioning, latents * frames)
    logits = wavenet(p, samples, speaker, speakers, made.repeat_interleave(hop // frames, 2), [1, 2] * blocks, taps)
    loss = F.cross_entropy(logits, samples)
    loss.backward()
    return dict(
        batch=b, latents=latents, hop=hop, dimensions=d, frames=frames, conditioning=conditioning, speakers=speakers, blocks=blocks,
        layers=layers, taps=taps, channels=channels, skip=skip, samples=samples.reshape(-1).tolist(), speaker=speaker.tolist(),
        loss=compact(loss)[0], logits=compact(logits[:, ::16].transpose(1, 2)), quantized_gradient=compact(quantized.grad),
        # The gradients of the two widest are given as sums over the levels, each level with a weight of its own: a plain sum over the
        # levels that a softmax chooses from is 0, whatever the input.
        gradients={name: compact(torch.einsum("k,kc->c", torch.sin(torch.arange(len(t.grad))), t.grad)
                                 if name in ("stack.embedding", "stack.output.weight") else t.grad)
                   for name, t in p.items()})


def prior():
    b, n, codes, speakers, blocks, layers, taps, channels, skip = 3, 20, 7, 2, 1, 3, 3, 4, 6
    p = weights(codes, speakers, 0, blocks * layers, taps, channels, skip)
    for t in p.values():
        t.requires_grad_()
    given = symbols("codes", codes, b, n)
    lengths = torch.tensor([20, 3, 11])
    speaker = torch.tensor([1, 0, 1])
    logits = wavenet(p, given, speaker, speakers, None, [1, 2, 4], taps)
    nats = F.cross_entropy(logits, given, reduction="none") * (torch.arange(n) < lengths[:, None])
    loss = nats.sum() / lengths.sum()
    loss.backward()
    return dict(
        batch=b, length=n, codes=codes, conditions=speakers, blocks=blocks, layers=layers, taps=taps, channels=channels, skip=skip,
        given=given.reshape(-1).tolist(), lengths=lengths.tolist(), condition=speaker.tolist(), loss=compact(loss)[0],
        bits=compact(nats / math.log(2)), logits=compact(logits.transpose(1, 2)),
        gradients={name: compact(t.grad) for name, t in p.items()})


result = dict(decoder=decoder(), prior=prior())
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
for name, values in result.items():
    print(f"{path}: {name}: {len(values['gradients'])} parameters, loss {values['loss']:.4f}")
