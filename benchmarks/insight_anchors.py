"""Other methods on the same held-out parts: simple ones of our own making, and LightGBM where it is installed.

`pip install lightgbm` (4 MB, MIT) beside Switchboard to see it: no dependency. Prophet and statsforecast bring 130 MB
and more, and are left out.
"""

from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from insight.mining.arrival_model import History, grouped, wape
from insight.mining.demand import Panel
from insight.mining.encoding import auc, chosen, folds, lift
from insight.mining.rows import Outcomes

Floats = NDArray[np.float64]
Figures = dict[str, object]


def tool(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is not installed: its anchors are left out")
        return None


def bank_figures(history: History, tried: range) -> Figures:
    """LightGBM on weekday, day of the month, slot, and that slot last week and the day before; fitted once."""
    lightgbm = tool("lightgbm")
    if lightgbm is None:
        return {}
    width = history.counts.shape[1]
    rows = {day: _slot_traits(history, day, width) for day in range(6, tried.stop)}
    learnt = range(6, tried.start)
    model = lightgbm.LGBMRegressor(n_estimators=400, learning_rate=0.05, num_leaves=31, n_jobs=1, verbose=-1, seed=7)
    model.fit(np.vstack([rows[day] for day in learnt]), history.counts[list(learnt)].ravel())
    forecast = model.predict(np.vstack([rows[day] for day in tried])).reshape(len(tried), width)
    actual = history.counts[list(tried)]
    return {
        "bank_lightgbm_5min": round(100 * wape(actual, forecast), 2),
        "bank_lightgbm_30min": round(100 * wape(grouped(actual, 6), grouped(forecast, 6)), 2),
    }  # fmt: skip


def _slot_traits(history: History, day: int, width: int) -> Floats:
    on = history.dates[day]
    level = history.totals[day - 5 : day].mean()
    return np.column_stack([
        np.full(width, on.weekday()), np.full(width, on.day), np.arange(width), history.counts[day - 5],
        history.counts[day - 1], np.full(width, level),
    ])  # fmt: skip


def telco_figures(known: Outcomes) -> Figures:
    """LightGBM on the same fifths."""
    lightgbm = tool("lightgbm")
    if lightgbm is None:
        return {}
    happened, matrix = np.asarray(known.happened), _coded(known)
    score = np.zeros(len(happened))
    for learnt, tried in folds(known.happened):
        model = lightgbm.LGBMClassifier(n_estimators=150, learning_rate=0.05, num_leaves=8, n_jobs=1, verbose=-1)
        score[tried] = model.fit(matrix[learnt], happened[learnt]).predict_proba(matrix[tried])[:, 1]
    return {
        "telco_auc_lightgbm": round(auc(happened, score), 4),
        "telco_lift10_lightgbm": round(lift(happened, score), 2),
    }


def _coded(known: Outcomes) -> Floats:
    traits = chosen(known.traits, np.arange(len(known.happened)))
    words = [np.unique(values, return_inverse=True)[1] for values in traits.words.values()]
    return np.column_stack([*(np.asarray(values) for values in traits.numbers.values()), *words])


def journey_figures(panel: Panel, tried: range) -> Figures:
    """Of our own making: the mean of eight weeks alone, and simple exponential smoothing of each item."""
    actual = panel.units[:, list(tried)]
    eight = np.array([np.exp(np.log(panel.units[:, week - 8 : week] + 1).mean(axis=1)) - 1 for week in tried]).T
    smooth = np.array([[_smoothed(units[:week]) for week in tried] for units in panel.units])
    return {
        "demand_wape_mean8": round(100 * wape(actual, eight), 2),
        "demand_wape_smoothing": round(100 * wape(actual, smooth), 2),
    }


def _smoothed(units: Floats) -> float:
    """The weight of the newest is the one that had the least squared error so far."""
    runs = [_run(units, weight) for weight in np.arange(0.05, 1.0, 0.05)]
    return min(runs)[1]


def _run(units: Floats, weight: float) -> tuple[float, float]:
    level, error = float(units[0]), 0.0
    for value in units[1:]:
        error += (value - level) ** 2
        level += weight * (value - level)
    return error, level
