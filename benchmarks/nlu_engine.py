"""One trial of our engine: trained, loaded and asked the way it is served, on one thread."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.nlu_sets import ENCODERS, LANGUAGES, Trial
from benchmarks.report import ROOT, percentile
from nlu.calibration import calibration_error
from nlu.classifier import scope_of
from nlu.encoders import e5, minilm
from nlu.encoders.plan import planned
from nlu.encoders.shelf import EncoderShelf
from nlu.engine import Zone
from nlu.entities import found_entities
from nlu.model_making import model_content
from nlu.model_store import write_model
from nlu.native import NativeEngine
from nlu.normalise import masked, normalise
from nlu.sentences import readable
from nlu.shapes import Shapes, read_shapes

_NO_SHAPES = Shapes()


@dataclass(frozen=True, slots=True)
class Trained:
    """An engine and what it cost: CPU seconds of the first training and of one with all vectors cached."""

    engine: NativeEngine
    first_cpu_s: float
    again_cpu_s: float
    load_s: float


def trained(trial: Trial, encoder: str, shapes: Shapes | None = None) -> Trained:
    """With an empty cache of vectors first, then once more."""
    with tempfile.TemporaryDirectory(prefix="nlu-bench-") as folder:
        root = Path(folder) / "encoders"
        root.mkdir()
        for name in (e5.NAME, minilm.NAME):
            (root / name).symlink_to(ENCODERS / name)
        plan = planned(encoder, EncoderShelf(root), _unheard)
        costs = []
        for _ in range(2):
            started = time.process_time()
            content = model_content(trial.examples(), shapes or _NO_SHAPES, plan, _unheard)
            costs.append(time.process_time() - started)
        write_model(Path(folder) / "model", content)
        started = time.perf_counter()
        engine = NativeEngine.load(Path(folder) / "model", EncoderShelf(root))
        load_s = time.perf_counter() - started
        shutil.rmtree(root)
    return Trained(engine, round(costs[0], 1), round(costs[1], 1), round(load_s, 2))


def taught(trial: Trial, encoder: str, shapes: Shapes) -> NativeEngine:
    """Only the engine: with the vectors this machine knows already, whatever it costs."""
    plan = planned(encoder, EncoderShelf(ENCODERS, threads=2), _unheard)
    with tempfile.TemporaryDirectory(prefix="nlu-bench-") as folder:
        write_model(Path(folder) / "model", model_content(trial.examples(), shapes, plan, _unheard))
        return NativeEngine.load(Path(folder) / "model", plan.shelf)


def _unheard(_stage: str, _fraction: float) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Asked:
    """Every test text: likelihoods [texts, intents], whether in scope, the delay of a whole parse."""

    likely: NDArray[np.float64]
    scope: NDArray[np.float64]
    labels: NDArray[np.int64]
    delays_ms: list[float]
    zones: list[Zone]


def asked(engine: NativeEngine, texts: Sequence[tuple[str, str, str]]) -> Asked:
    """`texts` are text, intent and language."""
    intents = {intent: number for number, intent in enumerate(engine.classifier.intents)}
    likely, scope, delays, zones = [], [], [], []
    for text, _, language in texts:
        started = time.perf_counter()
        result = engine.parse(text, languages=LANGUAGES, hint=language)
        delays.append((time.perf_counter() - started) * 1000)
        zones.append(result.zone)
        row, total = _looked_into(engine, text, language)
        likely.append(row)
        scope.append(total)
    labels = np.array([intents.get(intent, -1) for _, intent, _ in texts], np.int64)
    return Asked(np.array(likely), np.array(scope), labels, delays, zones)


def _looked_into(engine: NativeEngine, text: str, language: str) -> tuple[NDArray[np.floating], float]:
    """What the engine thinks on the way to its result."""
    entities = found_entities(text, language=language, shapes=engine.shapes, today=engine.today())
    vector = engine.reader.vectors([readable(text, entities, language)], language)[0] if engine.reader else None
    scores = engine.classifier.scores(normalise(masked(text, entities)), vector, language)
    calibration = engine.classifier.calibrations[language]
    likely = scores.likelihoods(calibration)[0]
    return likely, float(scope_of(scores.signs(), calibration.scope)[0])


def figures(trial: Trial, encoder: str) -> dict[str, object]:
    """Accuracy and calibration in per cent of the trial, its costs, and the delay of a parse."""
    made = trained(trial, encoder)
    result = asked(made.engine, [(one.text, one.intent, one.language) for one in trial.test])
    right = result.likely.argmax(axis=1) == result.labels
    answered = np.array([zone is Zone.ANSWER for zone in result.zones])
    found: dict[str, object] = {
        "accuracy": _per_cent(right.mean()),
        "calibration_error": calibration_error(result.likely, result.labels),
        "answered": _per_cent(answered.mean()),
        "answered_wrong": _per_cent((answered & ~right).mean()),
        "train_cpu_s": made.first_cpu_s,
        "retrain_cpu_s": made.again_cpu_s,
        "load_s": made.load_s,
        "parse_p50_ms": round(percentile(result.delays_ms, 0.5), 2),
        "parse_p99_ms": round(percentile(result.delays_ms, 0.99), 2),
        "n": len(trial.test),
    }
    if trial.out_of_scope:
        found |= _out_of_scope(made.engine, result.scope, trial.out_of_scope)
    return found


def _per_cent(share: float) -> float:
    return round(float(share) * 100, 2)


def _out_of_scope(engine: NativeEngine, inside: NDArray[np.float64], strangers: Sequence[str]) -> dict[str, object]:
    """AUROC, and recall at the threshold that accepts 95 % of the test's own texts (as OOD papers report it)."""
    result = asked(engine, [(text, "", "en") for text in strangers])
    everything = np.concatenate([inside, result.scope])
    ranks = everything.argsort().argsort() + 1.0
    higher = ranks[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2
    threshold = np.quantile(inside, 0.05)
    carried_out = np.mean([zone is Zone.ANSWER for zone in result.zones])
    return {
        "out_of_scope_auroc": round(float(higher / (len(inside) * len(result.scope))), 4),
        "out_of_scope_recall_at_95": _per_cent((result.scope < threshold).mean()),
        "out_of_scope_answered": _per_cent(float(carried_out)),
    }


def own_shapes() -> Shapes:
    return read_shapes(ROOT / "config" / "nlu" / "entities.yml")
