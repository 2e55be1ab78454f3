#!/usr/bin/env python3
"""Golden values of the room Signal, computed with numpy straight from the definitions and from nothing of this library: WAV files
written by Python's own module or byte by byte, band-limited resampling as one sum over all samples, mu-law companding by its formula,
log-mel spectrograms by numpy's fast Fourier transform, cepstral coefficients by the formula of the DCT-II.

Make them again:  python3 test/golden/signal.py      (Debian: python3-numpy)

Writes signal.json beside this file. Matrices are flat, in row-major order.
"""
import io
import json
import math
import pathlib
import struct
import wave

import numpy as np


def speech_like(count, rate):
    """Numbers that are the same on every machine and in every language, between -1 and 1, with energy at many frequencies."""
    n = np.arange(count)
    return 0.3 * np.sin(2 * np.pi * 220 * n / rate) + 0.2 * np.sin(0.0004 * n * n + 0.3) + 0.1 * np.sin(1.7 * n + 0.2) * np.cos(0.01 * n)


def compact(values):
    return [float(f"{x:.9g}") for x in np.asarray(values, dtype=np.float64).reshape(-1)]


def resample(x, source, target):
    crossings, rolloff, shape = 64, 0.955, 8.96
    cutoff = rolloff * min(1, target / source)
    half = crossings / cutoff
    out = []
    for m in range(-(-len(x) * target // source)):
        time = m * source / target
        n = np.arange(math.ceil(time - half), math.floor(time + half) + 1)
        place = (time - n) / half
        weights = np.sinc(cutoff * (time - n)) * np.i0(shape * np.sqrt(np.maximum(0, 1 - place * place))) * (np.abs(place) < 1)
        inside = (n >= 0) & (n < len(x))
        out.append(np.sum(weights[inside] * x[n[inside]]) / np.sum(weights))
    return out


def mu_law(x):
    companded = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
    return np.floor((companded + 1) / 2 * 255 + 0.5).astype(int)


def mu_law_expanded(codes):
    companded = 2 * codes / 255 - 1
    return np.sign(companded) * (256 ** np.abs(companded) - 1) / 255


def log_mel(x, rate, window, hop, fft, bands, low, high, emphasis):
    x = np.concatenate([x[:1], x[1:] - emphasis * x[:-1]])
    frames = -(-len(x) // hop)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    mel = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    frequencies = np.fft.rfftfreq(fft, 1 / rate)
    triangles = np.stack([np.interp(frequencies, edges[b:b + 3], [0, 1, 0]) for b in range(bands)], axis=1)
    out = []
    for f in range(frames):
        begin = f * hop - (window - hop) // 2
        samples = np.array([x[n] if 0 <= n < len(x) else 0 for n in range(begin, begin + window)])
        power = np.abs(np.fft.rfft(samples * hann, fft)) ** 2
        out.append(np.log(power @ triangles + 1e-6))
    return np.array(out)


def mfcc(spectrogram, count):
    bands = spectrogram.shape[1]
    k, b = np.arange(count)[None], np.arange(bands)[:, None]
    basis = np.cos(np.pi * k * (b + 0.5) / bands) * np.where(k == 0, math.sqrt(1 / bands), math.sqrt(2 / bands))
    return spectrogram @ basis


def written_by_python(rate, channels, width, integers):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        data = b"".join(struct.pack("<i", v)[:width] if width > 1 else bytes([v + 128]) for v in integers)
        out.writeframes(data)
    return file.getvalue()


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + (b"\0" if len(content) % 2 else b"")


def extensible(rate, channels, bits, tag, data):
    frame = channels * bits // 8
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, channels, rate, rate * frame, frame, bits, 22, bits, 0) + guid
    before = chunk(b"JUNK", b"odd") + chunk(b"fmt ", form) + chunk(b"LIST", b"INFO")
    return chunk(b"RIFF", b"WAVE" + before + chunk(b"data", data) + chunk(b"id3 ", b"x"))


def wave_case(name, content, rate, channels, samples):
    return {"name": name, "bytes": content.hex(), "rate": rate, "channels": channels, "samples": compact(samples)}


def wave_cases():
    eight, sixteen = [-128, -1, 0, 1, 127], [-32768, -1, 0, 1, 32767, 1234]
    wide, widest = [-8388608, -1, 0, 1, 8388607, 4000000], [-2147483648, -1, 0, 65536, 2147483647, 123456789]
    floats = [-1.5, -0.25, 0.0, 0.125, 1.0, 0.75]
    return [
        wave_case("8 bits", written_by_python(8000, 1, 1, eight), 8000, 1, np.array(eight) / 128),
        wave_case("16 bits, stereo", written_by_python(44100, 2, 2, sixteen), 44100, 2, np.array(sixteen) / 2 ** 15),
        wave_case("24 bits, 3 channels", written_by_python(48000, 3, 3, wide), 48000, 3, np.array(wide) / 2 ** 23),
        wave_case("32 bits", written_by_python(16000, 1, 4, widest), 16000, 1, np.array(widest) / 2 ** 31),
        wave_case("extensible floats, odd chunks", extensible(16000, 2, 32, 3, struct.pack("<6f", *floats)), 16000, 2, floats),
        wave_case("extensible 24 bits", extensible(96000, 1, 24, 1, b"".join(struct.pack("<i", v)[:3] for v in wide[:5])), 96000, 1,
                  np.array(wide[:5]) / 2 ** 23),
    ]


def mel_case(name, count, **settings):
    x = speech_like(count, settings["rate"])
    spectrogram = log_mel(x, **settings)
    return {"name": name, "count": count, "frames": len(spectrogram), **settings, "log_mel": compact(spectrogram),
            "mfcc": compact(mfcc(spectrogram, 13))}


def main():
    speech = dict(rate=16000, window=400, hop=160, fft=512, bands=80, low=50, high=7600, emphasis=0)
    grid = np.concatenate([np.linspace(-1, 1, 41) + 1e-4, [1.5, -1.5, 1e-5, -1e-5, 0.0]])
    golden = {
        "waves": wave_cases(),
        "resampled": [{"from": a, "to": b, "count": n, "output": compact(resample(speech_like(n, a), a, b))}
                      for a, b, n in [(8000, 16000, 90), (44100, 16000, 300), (16000, 8000, 200), (3, 7, 20), (16000, 11025, 101),
                                      (8000, 16000, 1)]],
        "mu_law": {"samples": compact(grid), "codes": mu_law(np.clip(grid, -1, 1)).tolist(),
                   "expanded": compact(mu_law_expanded(np.arange(256)))},
        "spectrograms": [
            mel_case("speech", 1000, **speech),
            mel_case("pre-emphasis", 800, **{**speech, "emphasis": 0.97}),
            mel_case("ten milliseconds", 160, **speech),
            mel_case("shorter than a hop", 7, **{**speech, "emphasis": 0.97}),
            mel_case("telephone", 333, rate=8000, window=201, hop=80, fft=256, bands=20, low=100, high=4000, emphasis=0.5),
        ],
    }
    path = pathlib.Path(__file__).with_name("signal.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
