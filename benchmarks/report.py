"""The convention all benchmarks share: the last line is one JSON object with machine and commit."""

import json
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile; 0 for no values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0


def tell(figures: dict[str, object], *, n: int, seed: int) -> None:
    """Print the result as the last line."""
    print(json.dumps({**figures, "n": n, "seed": seed, "cpu": cpu(), "commit": commit()}))
