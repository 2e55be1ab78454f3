#!/usr/bin/env python3
"""Golden values of two tiny mel codecs, one that decodes to the frames of a speaker and one that decodes to averaged cepstra: forward pass,
losses and all gradients on utterances of unequal lengths, computed with plain PyTorch, utterance by utterance and so without any padding.

Make them again:  python3 test/golden/mel_codec.py      (Debian: python3-torch)

Writes mel_codec.json beside this file. Weights and features come from a formula of their name and index, see value(); the test in
test/Microsoft.ML.VqVae.Tests/Codecs uses the same formula. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

B, T, FRAMES, SPEAKERS, BANDS, COEFFICIENTS, ENCODER, DECODER, D, K, BETA = 3, 12, 2, 2, 5, 4, 6, 7, 3, 5, 0.25
LENGTHS, WHO = [12, 7, 4], [1, 0, 1]


def value(name, index, scale):
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1000
    return scale * math.sin(0.37 * phase + 1.9 * index + 0.011 * index * index)


def make(name, *shape, scale=0.35):
    return torch.tensor([value(name, i, scale) for i in range(math.prod(shape))]).reshape(shape)


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


def convolution(name, outputs, inputs, size):
    return {f"{name}.weight": make(f"{name}.weight", outputs, inputs, size), f"{name}.bias": make(f"{name}.bias", outputs)}


def codec(outputs, target_frames, early):
    """outputs: how many numbers a decoded frame has; target_frames: over how many frames the target is averaged, 0 for none; early:
    whether the decoder is told the speaker with the codes."""
    per_code = outputs if target_frames else outputs * FRAMES
    p = {
        **convolution("encoder.down", ENCODER, COEFFICIENTS, 3 * FRAMES),
        **convolution("encoder.residual.0.wide", ENCODER, ENCODER, 3), **convolution("encoder.residual.0.narrow", ENCODER, ENCODER, 1),
        **convolution("encoder.project", D, ENCODER, 1),
        **convolution("decoder.expand", DECODER, D + (SPEAKERS if early else 0), 3),
        **convolution("decoder.residual.0.wide", DECODER, DECODER, 3), **convolution("decoder.residual.0.narrow", DECODER, DECODER, 1),
        **convolution("decoder.project", per_code, DECODER + SPEAKERS, 1),
        "quantizer.codebook": make("quantizer.codebook", 1, K, D, scale=1.2),
    }
    for t in p.values():
        t.requires_grad_()

    def conv(name, x, stride=1, padding=0):
        return F.conv1d(x, p[name + ".weight"], p[name + ".bias"], stride, padding)

    def residual(name, x):
        return x + conv(name + ".narrow", F.relu(conv(name + ".wide", F.relu(x), 1, 1)))

    features = make("features", B, COEFFICIENTS, T, scale=2.0)
    targets = make("targets", B, BANDS, T, scale=2.0)
    normalisers = make("normalisers", B, 1 + COEFFICIENTS, COEFFICIENTS, scale=0.5)
    voices = make("voices", SPEAKERS, 2, BANDS, scale=0.5)
    voices[:, 1] += 1.5
    all_indices, decoded, sums = [], [], dict(error=0.0, numbers=0, codebook=0.0, commitment=0.0, codes=0)
    for b in range(B):
        length = LENGTHS[b]
        codes = -(-length // FRAMES)
        whole = codes * FRAMES
        x = torch.zeros(1, COEFFICIENTS, whole)
        x[0, :, :length] = normalisers[b, 1:] @ (features[b, :, :length] - normalisers[b, 0, :, None])
        one_hot = torch.zeros(1, SPEAKERS, codes)
        one_hot[0, WHO[b]] = 1
        z = conv("encoder.project", F.relu(residual("encoder.residual.0", conv("encoder.down", x, FRAMES, FRAMES))))
        latents = z.permute(0, 2, 1)
        distances = (latents.detach().unsqueeze(-2) - p["quantizer.codebook"].detach()[0]).square().sum(-1)
        ordered = distances.sort(-1).values
        assert (ordered[..., 1] - ordered[..., 0]).min() > 1e-3, "a tie would not be a fair test"
        indices = distances.argmin(-1)
        chosen = p["quantizer.codebook"][0][indices]
        sums["codebook"] = sums["codebook"] + (latents.detach() - chosen).square().sum()
        sums["commitment"] = sums["commitment"] + (latents - chosen.detach()).square().sum()
        q = (latents + (chosen - latents).detach()).permute(0, 2, 1)
        h = F.relu(residual("decoder.residual.0", conv("decoder.expand", torch.cat([q, one_hot], 1) if early else q, 1, 1)))
        y = conv("decoder.project", torch.cat([h, one_hot], 1))
        if target_frames:
            window = torch.tensor([math.sin(math.pi * (k + 0.5) / target_frames) ** 2 for k in range(target_frames)])
            target = torch.zeros(outputs, codes)
            for i in range(codes):
                first = i * FRAMES + FRAMES // 2 - target_frames // 2
                inside = [(t, window[t - first]) for t in range(first, first + target_frames) if 0 <= t < length]
                target[:, i] = sum(x[0, :, t] * w for t, w in inside) / sum(w for _, w in inside)
            target = target * torch.tensor([math.sqrt(1 - 0.75 * k / outputs) for k in range(outputs)])[:, None]
            real = codes
        else:
            y = y.view(FRAMES, outputs, codes).permute(1, 2, 0).reshape(1, outputs, whole)
            target = torch.zeros(outputs, whole)
            target[:, :length] = (targets[b, :, :length] - voices[WHO[b], 0, :, None]) / voices[WHO[b], 1, :, None]
            real = length
        sums["error"] = sums["error"] + (y[0, :, :real] - target[:, :real]).square().sum()
        sums["numbers"] += real * outputs
        sums["codes"] += codes
        all_indices.append(indices.reshape(-1).tolist())
        decoded.append(compact(y[0, :, :real]))
    error, codebook, commitment = sums["error"] / sums["numbers"], sums["codebook"] / sums["codes"], sums["commitment"] / sums["codes"]
    total = 0.5 * per_code * error + codebook + BETA * commitment
    total.backward()
    assert len({i for row in all_indices for i in row}) > 2
    return dict(
        target_frames=target_frames, indices=all_indices, decoded=decoded, total=compact(total)[0], error=compact(error)[0],
        codebook_loss=compact(codebook)[0], commitment_loss=compact(commitment)[0],
        gradients={name: compact(t.grad) for name, t in p.items()})


result = dict(
    batch=B, frames=T, frames_per_code=FRAMES, speakers=SPEAKERS, bands=BANDS, coefficients=COEFFICIENTS, encoder=ENCODER, decoder=DECODER,
    dimensions=D, codes=K, beta=BETA, lengths=LENGTHS, who=WHO, speech=codec(BANDS, 0, False), phonemes=codec(COEFFICIENTS, 6, True))
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(f"{path}: losses {result['speech']['total']:.4f}, {result['phonemes']['total']:.4f}")
