"""Rasa with its default pipeline on the same texts: trained, served, and asked over its own HTTP interface."""

import json
import resource
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import yaml

from benchmarks.nlu_sets import Trial
from benchmarks.report import percentile
from tests.support.stack import free_port

_START_PATIENCE_S = 180.0
# What `rasa init` of 3.6.21 writes as the default pipeline.
_CONFIG = {
    "recipe": "default.v1",
    "language": "en",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", "epochs": 100, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
}


def rasa_figures(trial: Trial, program: str | None) -> dict[str, dict[str, object]]:
    """Accuracy with and without its fallback, costs and delays; nothing where there is no Rasa."""
    if not program or not Path(program).exists():
        print("Rasa is not here: `make rasa`, then SWITCHBOARD_RASA=.venv-rasa/bin/rasa")
        return {}
    with tempfile.TemporaryDirectory(prefix="rasa-nlu-") as name:
        folder = Path(name)
        _write_project(folder, trial)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([program, "train", "nlu"], check=True, **quiet)  # type: ignore[call-overload]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cost_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        port = free_port()
        started = time.perf_counter()
        server = subprocess.Popen([program, "run", "--enable-api", "--port", str(port)], **quiet)  # type: ignore[call-overload]
        try:
            load_s = _wait(port) - started
            found = _asked(trial, port)
            memory = sum(process.memory_info().rss for process in _family(server.pid))
        finally:
            server.terminate()
            server.wait(30)
    costs = {"train_cpu_s": round(cost_s, 1), "load_s": round(load_s, 1), "memory_mb": memory // 2**20}
    return {f"{trial.name}, Rasa 3.6.21": {**found, **costs, "n": len(trial.test)}}


def _write_project(folder: Path, trial: Trial) -> None:
    by_intent: dict[str, list[str]] = {}
    for one in trial.train:
        by_intent.setdefault(one.intent, []).append(one.text)
    nlu = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in by_intent.items()
    ]
    (folder / "data").mkdir()
    (folder / "data" / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True))
    (folder / "config.yml").write_text(yaml.safe_dump(_CONFIG, sort_keys=False))
    (folder / "domain.yml").write_text(yaml.safe_dump({"version": "3.1", "intents": sorted(by_intent)}))


def _wait(port: int) -> float:
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5):
                return time.perf_counter()
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("Rasa did not start in time")


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _asked(trial: Trial, port: int) -> dict[str, object]:
    right, right_first, delays = [], [], []
    for one in trial.test:
        body = json.dumps({"text": one.text}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/model/parse", body)
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        delays.append((time.perf_counter() - started) * 1000)
        ranking = [entry["name"] for entry in answer["intent_ranking"] if entry["name"] != "nlu_fallback"]
        right.append(answer["intent"]["name"] == one.intent)
        right_first.append(bool(ranking) and ranking[0] == one.intent)
    return {
        "accuracy": round(float(np.mean(right_first)) * 100, 2),
        "accuracy_with_its_fallback": round(float(np.mean(right)) * 100, 2),
        "parse_p50_ms": round(percentile(delays, 0.5), 2),
        "parse_p99_ms": round(percentile(delays, 0.99), 2),
    }
