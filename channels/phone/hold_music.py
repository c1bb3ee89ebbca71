"""Twenty seconds of a quiet line: our own, so that no rights are asked for and nothing has to be installed."""

import io
import math
import wave
from array import array
from functools import cache

RATE, SECONDS, BEAT_S = 8000, 20, 0.5
_CHORDS = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7), (164.8, 196.0, 246.9))
_BEATS_A_CHORD = 10
LOUDNESS = 3500  # of 32767


@cache
def hold_music() -> bytes:
    """A WAV file, 16 bit, 8 kHz, one channel."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_samples().tobytes())
    return written.getvalue()


def _samples() -> "array[int]":
    samples = array("h")
    for beat in range(round(SECONDS / BEAT_S)):
        chord = _CHORDS[beat // _BEATS_A_CHORD % len(_CHORDS)]
        tone = chord[beat % len(chord)]
        for frame in range(round(RATE * BEAT_S)):
            t = frame / RATE
            fading = math.exp(-4 * t) * min(1.0, t * 80)
            samples.append(round(LOUDNESS * fading * math.sin(2 * math.pi * tone * t)))
    return samples
