"""All benchmarks one after the other: `python -m benchmarks.run [--quick]` writes results/latest.{md,json}."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import ROOT, commit, cpu

NAMES = (
    "startup", "turn", "chat_sockets", "faults", "email", "webhooks", "erp", "nlu", "nlu_messy", "nlu_swap",
    "routing", "waiting", "insight", "warehouse", "desk",
)  # fmt: skip
RESULTS = ROOT / "benchmarks" / "results"


def measured(name: str, options: list[str]) -> dict[str, object]:
    """The JSON of its last line; an `error` when it ended without one."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return {"error": f"exit {done.returncode}", "detail": done.stderr[-500:]}
    result: dict[str, object] = json.loads(lines[-1])
    return result


def as_markdown(results: dict[str, dict[str, object]]) -> str:
    lines = [f"# Benchmarks\n\n{time.strftime('%Y-%m-%d')}, commit {commit()}, {cpu()}.\n"]
    for name, result in results.items():
        lines += [f"\n## {name}\n", "| key | value |", "|---|---|"]
        lines += [f"| {key} | {value} |" for key, value in result.items() if key not in ("cpu", "commit")]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller n, at most 45 s each")
    options = ["--quick"] if parser.parse_args().quick else []
    results = {}
    for name in NAMES:
        print(f"{name} …", flush=True)
        results[name] = measured(name, options)
        print(f"  {results[name]}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    Path(RESULTS / "latest.json").write_text(json.dumps(results, indent=2) + "\n")
    Path(RESULTS / "latest.md").write_text(as_markdown(results))


if __name__ == "__main__":
    main()
