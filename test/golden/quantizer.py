#!/usr/bin/env python3
"""Golden values of the quantizer, computed with plain PyTorch straight from the formulas of arXiv 1711.00937
(equations 1-3, appendix A.1) and from nothing of this library.

Make them again:  python3 test/golden/quantizer.py      (Debian: python3-torch)

Writes quantizer.json beside this file: a list of cases. All arrays are flat, in row-major order.
"""
import json
import math
import pathlib

import torch


def wave(count, phase, scale):
    """Numbers that are the same on every machine and in every language."""
    return torch.tensor([scale * math.sin(1.7 * i + phase) + 0.3 * scale * math.cos(0.37 * i * phase + 1) for i in range(count)])


def compact(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().reshape(-1).tolist()]


def case(name, spatial, codes, dimensions, groups, separate, learning, beta=0.25, decay=0.99, smoothing=1e-5, steps=1):
    books = groups if separate else 1
    shape = [2, groups * dimensions, *spatial]
    z = wave(math.prod(shape), 0.4, 1.0).reshape(shape).requires_grad_()
    e = wave(books * codes * dimensions, 1.1, 0.9).reshape(books, codes, dimensions).requires_grad_()
    weight = wave(math.prod(shape), 2.2, 1.0).reshape(shape)

    counts = torch.ones(books, codes)
    sums = e.detach().clone()
    book = e
    for _ in range(steps):
        # [B, G*D, *spatial] -> [B, *spatial, G, D]
        latents = z.movedim(1, -1).unflatten(-1, (groups, dimensions))
        chosen = []
        indices = torch.empty(latents.shape[:-1], dtype=torch.int64)
        tally = torch.zeros(books, codes)
        batch_sums = torch.zeros(books, codes, dimensions)
        for position in torch.cartesian_prod(*[torch.arange(n) for n in latents.shape[:-1]]).tolist():
            group = position[-1]
            own = group if separate else 0
            latent = latents[tuple(position)]
            distances = ((latent.detach() - book[own].detach()) ** 2).sum(1)
            nearest = sorted(distances.tolist())
            assert nearest[1] - nearest[0] > 1e-4, "a tie would not be a fair test"
            k = int(distances.argmin())
            indices[tuple(position)] = k
            chosen.append(book[own, k])
            tally[own, k] += 1
            batch_sums[own, k] += latent.detach()
        quantized = torch.stack(chosen).reshape(latents.shape)
        commitment = ((latents - quantized.detach()) ** 2).sum(-1).mean()
        codebook_loss = ((latents.detach() - quantized) ** 2).sum(-1).mean() if learning == "Gradient" else torch.zeros(())
        passed = latents + (quantized - latents).detach()
        output = passed.flatten(-2).movedim(-1, 1)
        loss = codebook_loss + beta * commitment
        z.grad = e.grad = None
        (loss + (output * weight).sum()).backward()

        counts = decay * counts + (1 - decay) * tally
        if learning == "MovingAverage":
            sums = decay * sums + (1 - decay) * batch_sums
            total = counts.sum(1, keepdim=True)
            smoothed = (counts + smoothing) / (total + codes * smoothing) * total
            book = (sums / smoothed.unsqueeze(-1)).detach()

    result = dict(
        name=name, shape=shape, codes=codes, dimensions=dimensions, codes_per_position=groups, separate=separate, learning=learning, beta=beta,
        decay=decay, smoothing=smoothing, steps=steps,
        encodings=compact(z), codebook=compact(e), output_weight=compact(weight),
        # what the last step gave
        indices=indices.reshape(-1).tolist(), quantized=compact(quantized.flatten(-2).movedim(-1, 1)),
        codebook_loss=compact(codebook_loss)[0], commitment_loss=compact(commitment)[0], loss=compact(loss)[0], tally=compact(tally),
        encodings_gradient=compact(z.grad), codebook_gradient=compact(e.grad) if learning == "Gradient" else None,
        # the state after it
        counts_after=compact(counts), sums_after=compact(sums) if learning == "MovingAverage" else None,
        codebook_after=compact(book) if learning == "MovingAverage" else None)
    assert learning == "Gradient" or e.grad is None
    return result


cases = [
    case("images, gradient", [3, 2], 5, 3, 1, False, "Gradient"),
    case("sound, gradient, three sub-vectors, shared codebook", [5], 6, 2, 3, False, "Gradient", beta=0.5),
    case("images, gradient, two sub-vectors, a codebook each", [2, 3], 4, 3, 2, True, "Gradient"),
    case("images, moving average", [3, 3], 5, 4, 1, False, "MovingAverage", steps=3),
    case("images, moving average, three sub-vectors, shared codebook", [2, 2], 6, 2, 3, False, "MovingAverage", decay=0.9, steps=2),
    case("video, moving average, two sub-vectors, a codebook each", [2, 2, 2], 4, 3, 2, True, "MovingAverage", decay=0.8, smoothing=1e-3, steps=2),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{path}: {len(cases)} cases")
