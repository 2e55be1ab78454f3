#!/usr/bin/env python3
"""Draws eng/icon.png, the icon of the package: a smooth picture that becomes a grid of codes from left to right."""
import math
import pathlib
import struct
import zlib

SIZE, CELLS, MARGIN, CORNER, GAP, SAMPLES = 128, 5, 10, 20, 1.6, 4
CELL = (SIZE - 2 * MARGIN) / CELLS
CODEBOOK = [(15, 76, 129), (0, 150, 170), (95, 200, 130), (250, 200, 80), (240, 120, 70), (190, 50, 90)]


def smooth(x, y):
    """The picture: hills of hue, in 0 to 1."""
    u, v = x / SIZE, y / SIZE
    return 0.5 + 0.5 * math.sin(2.6 * u + 3.4 * v + 1.1 * math.sin(5 * v - 3 * u) - 1.0)


def mix(t):
    """The color of a value between 0 and 1, between neighboring codes."""
    at = min(max(t, 0), 1) * (len(CODEBOOK) - 1)
    low = min(int(at), len(CODEBOOK) - 2)
    return tuple(a + (b - a) * (at - low) for a, b in zip(CODEBOOK[low], CODEBOOK[low + 1]))


def outside(x, y):
    """The distance from a rounded square, 0 inside."""
    inner = SIZE / 2 - MARGIN - CORNER + 6
    dx, dy = max(abs(x - SIZE / 2) - inner, 0), max(abs(y - SIZE / 2) - inner, 0)
    return math.hypot(dx, dy) - CORNER


def color(x, y):
    if outside(x, y) > 0:
        return (255, 255, 255, 0)
    column, row = int((x - MARGIN) // CELL), int((y - MARGIN) // CELL)
    column, row = min(max(column, 0), CELLS - 1), min(max(row, 0), CELLS - 1)
    # The left of a diagonal is the picture, the right its codes.
    if column + 0.5 * row < 2.2:
        return (*mix(smooth(x, y)), 255)
    left, top = MARGIN + column * CELL, MARGIN + row * CELL
    if x - left < GAP or y - top < GAP:
        return (255, 255, 255, 255)
    value = smooth(left + CELL / 2, top + CELL / 2)
    return (*CODEBOOK[round(value * (len(CODEBOOK) - 1))], 255)


def pixel(px, py):
    total = [0.0] * 4
    for i in range(SAMPLES * SAMPLES):
        r, g, b, a = color(px + (i % SAMPLES + 0.5) / SAMPLES, py + (i // SAMPLES + 0.5) / SAMPLES)
        total = [total[0] + r * a, total[1] + g * a, total[2] + b * a, total[3] + a]
    alpha = total[3]
    rgb = [round(part / alpha) if alpha else 255 for part in total[:3]]
    return bytes([*rgb, round(alpha / SAMPLES**2)])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)) \
    + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
pathlib.Path(__file__).with_name("icon.png").write_bytes(png)
