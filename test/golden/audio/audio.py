#!/usr/bin/env python3
"""Small audio files of other formats and what their own programs decode them to: FLAC by flac, MP3 by LAME, Ogg Vorbis by vorbis-tools.

Make them again:  python3 test/golden/audio/audio.py      (Debian: flac lame vorbis-tools)

Writes the files beside this one: mono.wav and stereo24.wav are the sources of all, NAME.mp3.wav and NAME.ogg.wav the decoded files, 16 bits.
"""
import math
import pathlib
import struct
import subprocess
import wave

HERE = pathlib.Path(__file__).parent


def source(name, rate, channels, seconds, width):
    """A chirp and a tone, another in each channel, that fade in and out."""
    count, bytes_ = int(rate * seconds), bytearray()
    for i in range(count):
        t = i / rate
        fade = min(1, t / 0.01, (seconds - t) / 0.01)
        for channel in range(channels):
            value = fade * (0.5 * math.sin(2 * math.pi * (200 + 900 * t / seconds) * t * (1 + 0.5 * channel))
                            + 0.2 * math.sin(2 * math.pi * (700 + 300 * channel) * t))
            bytes_ += struct.pack("<i", round(value * (2 ** (8 * width - 1) - 1)))[:width]
    with wave.open(str(HERE / name), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(bytes_))


def run(*command):
    subprocess.run(command, cwd=HERE, check=True)


def lame(name, source_name, *options):
    run("lame", "--quiet", *options, source_name, name)
    run("lame", "--quiet", "--decode", name, f"{name}.wav")


def vorbis(name, source_name):
    run("oggenc", "--quiet", "--quality", "3", "--serial", "1", "--output", name, source_name)
    run("oggdec", "--quiet", "--output", f"{name}.wav", name)


source("mono.wav", 16000, 1, 0.25, 2)
source("stereo24.wav", 44100, 2, 0.1, 3)
for name in ("mono", "stereo24"):
    run("flac", "--silent", "--force", f"--output-name={name}.flac", f"{name}.wav")
lame("mono.mp3", "mono.wav", "-b", "48")
lame("untagged.mp3", "mono.wav", "-t", "-b", "48")
lame("stereo.mp3", "stereo24.wav", "-V", "4", "--id3v2-only", "--tt", "A tone")
vorbis("mono.ogg", "mono.wav")
vorbis("stereo.ogg", "stereo24.wav")
