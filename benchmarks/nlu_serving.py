"""What a model costs to serve, in a process of its own: `python -m benchmarks.nlu_serving MODEL LANGUAGE…`."""

import json
import sys
import time
from pathlib import Path

import psutil

from benchmarks.nlu_sets import ENCODERS, own_texts
from benchmarks.report import percentile
from nlu.encoders.shelf import EncoderShelf
from nlu.native import NativeEngine

_TEXTS = 600


def main() -> None:
    directory, languages = Path(sys.argv[1]), sys.argv[2:]
    started = time.perf_counter()
    engine = NativeEngine.load(directory, EncoderShelf(ENCODERS))
    load_s = time.perf_counter() - started
    texts = [one for language in languages for one in own_texts()[language][: _TEXTS // len(languages)]]
    delays = []
    for one in texts:
        asked = time.perf_counter()
        engine.parse(one.text, languages=languages, hint=one.language)
        delays.append((time.perf_counter() - asked) * 1000)
    hostile = time.perf_counter()
    engine.parse("order 1 and " * 8_400, languages=languages)
    figures = {
        "load_s": round(load_s, 2),
        "memory_mb": psutil.Process().memory_info().rss // 2**20,
        "parse_p50_ms": round(percentile(delays, 0.5), 2),
        "parse_p99_ms": round(percentile(delays, 0.99), 2),
        "hostile_100_kb_ms": round((time.perf_counter() - hostile) * 1000, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
