#!/usr/bin/env python3
"""Measures the library against the same model written in PyTorch, in turn, on the same libtorch.

    python3 compare.py DOTNET_BENCHMARKS_DLL [--rounds 9]

needs Debian's python3-torch (the libtorch under the stand-ins). Each round runs every workload once in .NET and once in PyTorch, the order
swapped from round to round; the ratio is taken within a round, so that a drift of the machine's speed cancels. Below 1 the library is faster.
"""
import argparse, os, statistics, subprocess, sys, time
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

IMAGES = 2048
#                     side channels hidden outer residual batch
MODELS = {"fast": (28, 1, 64, 32, 64, 64), "wide": (32, 3, 128, 128, 128, 32)}
#            workload    iterations
WORKLOADS = {"train": 10, "encode": 16, "row": 60, "quantize": 60}

CODES, CODE_ROWS = 512, 256
#                       side classes layers channels batch
PRIORS = {"fast-prior": (7, 10, 6, 64, 64), "wide-prior": (32, 0, 15, 128, 2)}
#                  workload   iterations of each model
PRIOR_WORKLOADS = {"train": {"fast-prior": 8, "wide-prior": 2}, "score": {"fast-prior": 16, "wide-prior": 3}}

WAVE_ROWS = 64
#                         codes speakers blocks layers channels skip hop batch length
WAVENETS = {
    "fast-wave-prior": (128, 4, 1, 6, 64, 128, 0, 16, 128), "wave-prior": (512, 4, 2, 6, 128, 256, 0, 16, 128),
    "wave-decoder": (256, 4, 2, 10, 64, 64, 64, 2, 2048)}
WAVENET_WORKLOADS = {
    "train": {"fast-wave-prior": 8, "wave-prior": 3, "wave-decoder": 1},
    "score": {"fast-wave-prior": 16, "wave-prior": 6, "wave-decoder": 2}}


class Residual(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.wide = nn.Conv2d(channels, hidden, 3, padding=1)
        self.narrow = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        return x + self.narrow(F.relu(self.wide(F.relu(x))))


class Quantizer(nn.Module):
    """Moving-average codebook, as most PyTorch implementations have it, with index_add_ instead of one-hot products."""

    def __init__(self, codes=512, dimensions=64, decay=0.99, cost=0.25):
        super().__init__()
        self.decay, self.cost, self.codes, self.dimensions = decay, cost, codes, dimensions
        self.register_buffer("codebook", torch.empty(codes, dimensions).uniform_(-1 / codes, 1 / codes))
        self.register_buffer("counts", torch.ones(codes))
        self.register_buffer("sums", self.codebook.clone())

    def nearest(self, vectors):
        return torch.addmm((self.codebook**2).sum(1), vectors, self.codebook.t(), alpha=-2).argmin(1)

    def forward(self, z):
        batch, channels, height, width = z.shape
        vectors = z.permute(0, 2, 3, 1).reshape(-1, self.dimensions)
        with torch.no_grad():
            indices = self.nearest(vectors)
            codes = self.codebook[indices]
        commitment = ((vectors - codes) ** 2).sum(1).mean()
        passed = vectors + (codes - vectors).detach()
        if self.training:
            with torch.no_grad():
                counts = torch.bincount(indices, minlength=self.codes).float()
                sums = torch.zeros_like(self.codebook).index_add_(0, indices, vectors)
                self.counts.mul_(self.decay).add_(counts, alpha=1 - self.decay)
                self.sums.mul_(self.decay).add_(sums, alpha=1 - self.decay)
                total = self.counts.sum()
                smoothed = (self.counts + 1e-5) / (total + self.codes * 1e-5) * total
                self.codebook.copy_(self.sums / smoothed[:, None])
        return passed.view(batch, height, width, channels).permute(0, 3, 1, 2), commitment, indices


class Model(nn.Module):
    def __init__(self, channels, hidden, outer, residual):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, outer, 4, 2, 1), nn.ReLU(), nn.Conv2d(outer, hidden, 4, 2, 1),
            Residual(hidden, residual), Residual(hidden, residual), nn.ReLU(), nn.Conv2d(hidden, 64, 1))
        self.quantizer = Quantizer()
        self.decoder = nn.Sequential(
            nn.Conv2d(64, hidden, 3, padding=1), Residual(hidden, residual), Residual(hidden, residual), nn.ReLU(),
            nn.ConvTranspose2d(hidden, outer, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(outer, channels, 4, 2, 1))

    def loss(self, pixels):
        target = (pixels - 127.5) / 73.9
        quantized, commitment, indices = self.quantizer(self.encoder(target))
        error = ((self.decoder(quantized) - target) ** 2).sum() / indices.numel()
        return 0.5 * error + self.quantizer.cost * commitment


class PyTorch:
    """The four workloads in PyTorch. channels_last: the memory format that its users pick for convolutions."""

    def __init__(self, name, channels_last):
        side, channels, hidden, outer, residual, self.batch = MODELS[name]
        torch.manual_seed(1)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.pixels = np.random.default_rng(1).integers(0, 256, (IMAGES, channels, side, side)).astype(np.float32)
        self.model = Model(channels, hidden, outer, residual).to(memory_format=self.format)
        self.encodings = torch.randn(self.batch, 64, side // 4, side // 4)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 2e-4)

    def read(self, numbers):
        return torch.from_numpy(self.pixels[numbers]).contiguous(memory_format=self.format)

    def train(self, steps):
        self.model.train()
        order = np.random.default_rng(2).permutation(IMAGES)
        for step in range(steps):
            loss = self.model.loss(self.read(order[step * self.batch:(step + 1) * self.batch]))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        float(loss)

    def encode(self, batches):
        self.model.eval()
        with torch.no_grad():
            for start in range(0, batches * self.batch, self.batch):
                self.codes(self.read(slice(start, start + self.batch)))

    def row(self, rows):
        self.model.eval()
        with torch.no_grad():
            for _ in range(rows):
                self.codes(self.read(slice(0, 1)))

    def codes(self, pixels):
        z = self.model.encoder((pixels - 127.5) / 73.9)
        vectors = z.permute(0, 2, 3, 1).reshape(-1, 64)
        return self.model.quantizer.nearest(vectors).numpy()

    def quantize(self, batches):
        self.model.eval()
        with torch.no_grad():
            for _ in range(batches):
                self.model.quantizer(self.encodings)

    def run(self, workload, count):
        start = time.perf_counter()
        getattr(self, workload)(count)
        return (time.perf_counter() - start) * 1000 / count


class GatedLayer(nn.Module):
    """A layer of a gated PixelCNN with windows cut short instead of masks, written with PyTorch's own convolutions."""

    def __init__(self, channels, skip, classes, last):
        super().__init__()
        self.channels, self.last = channels, last
        self.vertical = nn.Conv2d(channels, 2 * channels, (2, 3))
        self.across = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.horizontal = nn.Conv2d(channels, 2 * channels, (1, 2))
        self.output = nn.Conv2d(channels, skip if last else channels + skip, 1)
        if classes:
            self.condition = nn.Embedding(classes, 4 * channels)

    @staticmethod
    def gate(x):
        a, b = x.chunk(2, 1)
        return torch.tanh(a) * torch.sigmoid(b)

    def forward(self, rows, columns, skips, conditions):
        above = self.vertical(F.pad(rows, (1, 1, 1, 0)))
        here = self.horizontal(F.pad(columns, (1, 0)))
        if conditions is not None:
            vertical, horizontal = self.condition(conditions)[:, :, None, None].chunk(2, 1)
            above, here = above + vertical, here + horizontal
        outputs = self.output(self.gate(here + self.across(above)))
        if self.last:
            return None, None, skips + outputs
        return self.gate(above), columns + outputs[:, :self.channels], skips + outputs[:, self.channels:]


class PixelCnn(nn.Module):
    def __init__(self, side, classes, layers, channels):
        super().__init__()
        self.codes = nn.Embedding(CODES, channels)
        self.layers = nn.ModuleList(GatedLayer(channels, channels, classes, n == layers - 1) for n in range(layers))
        self.hidden = nn.Conv2d(channels, channels, 1)
        self.logits = nn.Conv2d(channels, CODES, 1)

    def forward(self, codes, conditions, memory_format):
        embedded = self.codes(codes).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
        rows, columns = F.pad(embedded[:, :, :-1], (0, 0, 1, 0)), F.pad(embedded[:, :, :, :-1], (1, 0))
        skips = 0
        for layer in self.layers:
            rows, columns, skips = layer(rows, columns, skips, conditions)
        return self.logits(F.relu(self.hidden(F.relu(skips))))


class PyTorchPrior:
    """The workloads of a prior in PyTorch."""

    def __init__(self, name, channels_last):
        side, self.classes, layers, channels, self.batch = PRIORS[name]
        torch.manual_seed(1)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.rows = torch.from_numpy(np.random.default_rng(1).integers(0, CODES, (CODE_ROWS, side, side)))
        self.model = PixelCnn(side, self.classes, layers, channels).to(memory_format=self.format)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 2e-4)

    def forward(self, numbers):
        codes = self.rows[numbers]
        conditions = torch.as_tensor(numbers) % self.classes if self.classes else None
        return self.model(codes, conditions, self.format), codes

    def train(self, steps):
        order = np.random.default_rng(2).permutation(CODE_ROWS)
        for step in range(steps):
            start = step * self.batch % CODE_ROWS
            loss = F.cross_entropy(*self.forward(order[start:start + self.batch]))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        float(loss)

    def score(self, passes):
        with torch.no_grad():
            for _ in range(passes):
                self.forward(np.arange(self.batch))

    def run(self, workload, count):
        start = time.perf_counter()
        getattr(self, workload)(count)
        return (time.perf_counter() - start) * 1000 / count


class WaveNetLayer(nn.Module):
    """A layer of a WaveNet, written with PyTorch's own convolutions. The one axis is time; two: 1 × time, for channels-last memory."""

    def __init__(self, convolution, axes, channels, skip, speakers, conditioning, dilation, last):
        super().__init__()
        self.channels, self.last, self.padding = channels, last, (dilation, 0)
        size, dilations = ((2, dilation), ((1, 2), (1, dilation)))[axes - 1]
        self.unit = convolution(channels, 2 * channels, size, dilation=dilations)
        self.output = convolution(channels, skip if last else channels + skip, 1)
        self.speaker = nn.Embedding(speakers, 2 * channels)
        if conditioning:
            self.condition = convolution(conditioning, 2 * channels, 1, bias=False)

    def forward(self, x, skips, speakers, frames):
        y = self.unit(F.pad(x, self.padding))
        speaker = self.speaker(speakers)
        y = y + speaker.reshape(*speaker.shape, *[1] * (y.dim() - 2))
        if frames is not None:
            condition = self.condition(frames)
            y = y + condition.repeat_interleave(y.shape[-1] // condition.shape[-1], -1)
        filtered, gate = y.chunk(2, 1)
        outputs = self.output(torch.tanh(filtered) * torch.sigmoid(gate))
        if self.last:
            return None, skips + outputs
        return x + outputs[:, :self.channels], skips + outputs[:, self.channels:]


class WaveNet(nn.Module):
    def __init__(self, axes, codes, speakers, blocks, layers, channels, skip, hop):
        super().__init__()
        convolution = (nn.Conv1d, nn.Conv2d)[axes - 1]
        self.axes, self.start = axes, codes
        self.codes = nn.Embedding(codes + 1, channels)
        self.frames = nn.Conv1d(64, 64, 3, padding=1) if hop else None
        self.layers = nn.ModuleList(
            WaveNetLayer(convolution, axes, channels, skip, speakers, 64 if hop else 0, 2 ** (n % layers), n == blocks * layers - 1)
            for n in range(blocks * layers))
        self.hidden = convolution(skip, skip, 1)
        self.logits = convolution(skip, codes, 1)

    def forward(self, codes, speakers, latents):
        x = self.codes(F.pad(codes[:, :-1], (1, 0), value=self.start)).transpose(1, 2)
        frames = F.relu(self.frames(latents)) if latents is not None else None
        if self.axes == 2:
            x = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
            frames = frames.unsqueeze(2).contiguous(memory_format=torch.channels_last) if frames is not None else None
        skips = 0
        for layer in self.layers:
            x, skips = layer(x, skips, speakers, frames)
        logits = self.logits(F.relu(self.hidden(F.relu(skips))))
        return logits.squeeze(2) if self.axes == 2 else logits


class PyTorchWaveNet(PyTorchPrior):
    """The workloads of a WaveNet in PyTorch."""

    def __init__(self, name, channels_last):
        codes, self.speakers, blocks, layers, channels, skip, hop, self.batch, length = WAVENETS[name]
        torch.manual_seed(1)
        self.rows = torch.from_numpy(np.random.default_rng(1).integers(0, codes, (WAVE_ROWS, length)))
        self.latents = torch.randn(WAVE_ROWS, 64, length // hop) if hop else None
        self.model = WaveNet(2 if channels_last else 1, codes, self.speakers, blocks, layers, channels, skip, hop)
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 2e-4)

    def forward(self, numbers):
        numbers = torch.as_tensor(numbers) % WAVE_ROWS
        codes = self.rows[numbers]
        return self.model(codes, numbers % self.speakers, self.latents[numbers] if self.latents is not None else None), codes


class Library:
    def __init__(self, dll):
        self.process = subprocess.Popen(["dotnet", dll, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, model, workload, count):
        self.process.stdin.write(f"{model} {workload} {count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("compare: the .NET process ended early.")
        return float(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("dll")
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--models", default=",".join([*MODELS, *PRIORS, *WAVENETS]))
    options = arguments.parse_args()
    torch.set_num_threads(os.cpu_count())
    library = Library(options.dll)
    print(f"PyTorch {torch.__version__}, {os.cpu_count()} threads, {options.rounds} rounds; medians in ms, ratio = library / PyTorch (min … max)")
    print("| model | workload | library | PyTorch | PyTorch channels-last | ratio to the faster |")
    print("|---|---|---|---|---|---|")
    for model in options.models.split(","):
        kind = PyTorchPrior if model in PRIORS else PyTorchWaveNet if model in WAVENETS else PyTorch
        plain, last = kind(model, False), kind(model, True)
        counts = PRIOR_WORKLOADS if model in PRIORS else WAVENET_WORKLOADS
        workloads = WORKLOADS if model in MODELS else {name: counts[name][model] for name in counts}
        for workload, count in workloads.items():
            runs = {
                "library": lambda: library.run(model, workload, count),
                "plain": lambda: plain.run(workload, count),
                "last": lambda: last.run(workload, count),
            }
            times = {name: [] for name in runs}
            for turn in range(options.rounds + 1):
                for name in list(runs) if turn % 2 else reversed(list(runs)):
                    elapsed = runs[name]()
                    if turn:  # the first round warms up
                        times[name].append(elapsed)
            faster = min(("plain", "last"), key=lambda name: statistics.median(times[name]))
            ratios = sorted(a / b for a, b in zip(times["library"], times[faster]))
            medians = {name: statistics.median(values) for name, values in times.items()}
            print(f"| {model} | {workload} | {medians['library']:.3f} | {medians['plain']:.3f} | {medians['last']:.3f} | "
                  f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} … {ratios[-1]:.2f}) |", flush=True)
    library.close()


if __name__ == "__main__":
    main()
