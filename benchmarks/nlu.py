"""How well and how fast the NLU understands, on one thread: ours by encoder, plain TF-IDF, and Rasa in the same run.

`python -m benchmarks.nlu [--quick] [--encoder auto] [--rasa]`. Public sets are read from SWITCHBOARD_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from benchmarks import nlu_engine, nlu_words
from benchmarks.nlu_own import model_directory, own_figures, own_trials
from benchmarks.nlu_rasa import rasa_figures
from benchmarks.nlu_sets import data_folder, public_trials
from benchmarks.report import ROOT, tell


def public(encoders: list[str], *, quick: bool) -> dict[str, dict[str, object]]:
    """Figures by set and engine; nothing where the sets are not on this machine."""
    folder = data_folder()
    if folder is None:
        print("The public sets are not here: put them in SWITCHBOARD_DATA (see docs/benchmarks.md).")
        return {}
    found = {}
    for trial in public_trials(folder):
        if quick and trial.name != "BANKING77 10-shot":
            continue
        for encoder in encoders:
            found[f"{trial.name}, {encoder}"] = nlu_engine.figures(trial, encoder)
            print(trial.name, encoder, found[f"{trial.name}, {encoder}"], flush=True)
        found[f"{trial.name}, plain TF-IDF"] = nlu_words.figures(trial)
        print(trial.name, "plain", found[f"{trial.name}, plain TF-IDF"], flush=True)
    return found


def serving(encoder: str) -> dict[str, dict[str, object]]:
    """Load, memory and delay of the company's model, for all its languages and for English alone."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="nlu-model-") as folder:
        directory = model_directory(encoder, Path(folder))
        for languages in (["en", "ru", "es"], ["en"]):
            command = [sys.executable, "-m", "benchmarks.nlu_serving", str(directory), *languages]
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            found[f"serving {' '.join(languages)}, {encoder}"] = json.loads(run.stdout.splitlines()[-1])
            print(found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest public set and our own")
    parser.add_argument("--encoder", nargs="*", default=["auto"], help="auto, both, e5, minilm, tfidf")
    parser.add_argument("--rasa", action="store_true", help="Rasa 3.6.21 too (SWITCHBOARD_RASA; ten minutes)")
    options = parser.parse_args()
    started = (time.perf_counter(), time.process_time())
    with threadpool_limits(limits=1):
        figures = public(options.encoder, quick=options.quick)
        for encoder in options.encoder:
            for trial in own_trials():
                figures[f"{trial.name}, {encoder}"] = own_figures(trial, encoder)
                print(trial.name, figures[f"{trial.name}, {encoder}"], flush=True)
            figures |= serving(encoder)
        folder = data_folder()
        if options.rasa and folder is not None:
            figures |= rasa_figures(public_trials(folder)[0], os.environ.get("SWITCHBOARD_RASA"))
    wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    tell({**figures, "wall_s": round(wall_s, 1), "cpu_s": round(cpu_s, 1)}, n=len(figures), seed=7)


if __name__ == "__main__":
    main()
