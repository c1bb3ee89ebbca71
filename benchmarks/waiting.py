"""Waiting before and after: silos, a flat roster and no bot against skills routing, a bot and a shaped roster.

The same people on the same agent-hours, simulated with the real router on the reference day, or with `--arrivals` on
the last days of a file. Without `--quick` the settings between are run as well. The announced wait is checked on lines
whose answer is known: 20 agents at full load, and 100 at a fifth more than they can do.
"""

import argparse
import json

from benchmarks.report import tell
from bot.cli_simulate import trials_of
from insight.arrivals import REFERENCE
from insight.promises import check_promises
from insight.queueing import Load
from insight.scenarios import AFTER, BEFORE, SETTINGS, Outcome, runs

SEED = 7
CONDUCT: dict[str, float | None] = {"handle_s": 240.0, "patience_s": 300.0, "containment": 0.2, "agent_hours": None}
LINES = ((Load(20 / 240, 240, 300), 20), (Load(1.2 * 100 / 240, 240, 240), 100))


def promise_figures(customers: int) -> dict[str, object]:
    """Pooled over the lines; the worse of the two ratios."""
    found = [check_promises(load, agents, customers, SEED) for load, agents in LINES]
    coverage = sum(each.p80_coverage * each.n for each in found) / sum(each.n for each in found)
    return {
        "p80_coverage": round(coverage, 3), "mse_ratio_hol": round(max(each.mse_ratio_hol for each in found), 3),
        "promises": sum(each.n for each in found),
    }  # fmt: skip


def waiting_figures(outcomes: dict[str, Outcome]) -> dict[str, object]:
    before, after = outcomes[BEFORE.name].figures, outcomes[AFTER.name].figures
    return {
        "asa_before_s": round(before["asa_s"].mean, 2), "asa_after_s": round(after["asa_s"].mean, 2),
        "sl_before": round(before["service_level"].mean, 4), "sl_after": round(after["service_level"].mean, 4),
        "ci95": {
            "asa_before_s": round(before["asa_s"].half_width, 2), "asa_after_s": round(after["asa_s"].half_width, 2),
            "sl_before": round(before["service_level"].half_width, 4),
            "sl_after": round(after["service_level"].half_width, 4),
        },
        "asa_ratio": round(after["asa_s"].mean / before["asa_s"].mean, 4),
        "hours_before": before["agent_hours"].mean, "hours_after": after["agent_hours"].mean,
    }  # fmt: skip


def told(outcome: Outcome) -> dict[str, object]:
    return {name: [round(found.mean, 4), round(found.half_width, 4)] for name, found in outcome.figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="four days, and only before and after")
    parser.add_argument("--arrivals", default=REFERENCE, help="a CSV file (DateTime, Calls)")
    options = parser.parse_args()
    settings = (BEFORE, AFTER) if options.quick else SETTINGS
    is_reference = options.arrivals == REFERENCE
    days, seeds = (1, range(4 if options.quick else 10)) if is_reference else (2 if options.quick else 10, range(1))
    trials = trials_of(options.arrivals, days, CONDUCT)
    outcomes = runs(settings, trials, [SEED + seed for seed in seeds])
    for name, outcome in outcomes.items():
        print(f"{name}: {json.dumps(told(outcome))}")
    figures = waiting_figures(outcomes) | promise_figures(40_000 if options.quick else 150_000)
    tell({**figures, "arrivals": "reference" if is_reference else "file", "containment": CONDUCT["containment"]},
         n=len(trials) * len(seeds), seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
