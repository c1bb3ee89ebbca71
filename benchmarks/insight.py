"""What mining achieves on public data, each figure beside a plain method on the same held-out part.

`python -m benchmarks.insight [--quick] [--data FOLDER]`. Settings are chosen before the held-out part; where a set has
no dates (telco, Hillstrom), a fifth is held out at a time. `--quick` fits the mail campaign on fewer customers and
leaves out the fit to all 23,570 CDNOW customers. LightGBM runs beside ours where it is installed.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks import insight_anchors as anchors
from benchmarks import insight_sets as sets
from benchmarks.report import tell
from insight.arrivals import read_days, reference_day
from insight.customers import Conduct
from insight.mining.arrival_model import ahead, choose_settings, grouped, history_of, seasonal_naive, wape
from insight.mining.campaigns import campaign_uplift
from insight.mining.churn import churn
from insight.mining.clv import hold_out
from insight.mining.demand import back_test, panel_of
from insight.mining.encoding import chosen
from insight.mining.histories import purchase_days
from insight.mining.plans import Traffic, outlook
from insight.mining.price import price
from insight.mining.repeat_buying import fit_repeat_buying
from insight.mining.rows import Campaign
from insight.mining.staffing import Means, best_spread
from insight.mining.whatif import Change, whatif
from insight.roster import flat

Figures = dict[str, object]
ORIGINS, LEARNT_FROM = 60, 60
CDNOW_CUT, CDNOW_WEEKS = date(1997, 9, 30), 39
JOURNEY_TRIED, JOURNEY_LONG = range(44, 52), range(26, 52)
QUICK_CUSTOMERS = 15_000
SEED = 7


def bank(folder: Path, *, quick: bool) -> Figures:
    """Settings on the days 60 … 103; the last 60 days, each from those before it, once."""
    history = history_of(read_days(folder / "bank_calls_5min.csv"))
    n = len(history.dates)
    settings = choose_settings(history, range(LEARNT_FROM, n - ORIGINS))
    tried = range(n - ORIGINS, n)
    started = time.perf_counter()
    forecast = ahead(history, tried, settings)
    seconds = time.perf_counter() - started
    actual, naive = history.counts[list(tried)], seasonal_naive(history, tried)
    found: Figures = {
        "bank_wape_5min": percent(wape(actual, forecast)),
        "bank_wape_30min": percent(wape(grouped(actual, 6), grouped(forecast, 6))),
        "bank_wape_day": percent(wape(actual.sum(axis=1), forecast.sum(axis=1))),
        "bank_naive_5min": percent(wape(actual, naive)),
        "bank_naive_30min": percent(wape(grouped(actual, 6), grouped(naive, 6))),
        "bank_60_origins_s": round(seconds, 3),
    }  # fmt: skip
    return found if quick else found | anchors.bank_figures(history, tried)


def telco(folder: Path, *, quick: bool) -> Figures:
    known = sets.telco(folder / "telco_churn.csv")
    test = churn(known, known.traits).back_test
    found: Figures = {
        "telco_auc": round(test.value, 4), "telco_brier": round(test.more["brier"], 4),
        "telco_lift10": round(test.more["lift_10"], 2), "telco_auc_plain": round(test.anchor_value, 4),
    }  # fmt: skip
    return found if quick else found | anchors.telco_figures(known)


def cdnow(folder: Path, *, quick: bool) -> Figures:
    buying = fit_repeat_buying(sets.cdnow_summary(folder / "cdnow_summary.csv"))
    found: Figures = {
        "cdnow_r": round(buying.r, 3), "cdnow_alpha": round(buying.alpha, 3), "cdnow_a": round(buying.a, 3),
        "cdnow_b": round(buying.b, 3), "cdnow_ll": round(buying.log_likelihood, 1),
    }  # fmt: skip
    days = purchase_days(sets.cdnow(folder / "CDNOW_master.txt"))
    if quick:
        days = {who: theirs for number, (who, theirs) in enumerate(days.items()) if number % 10 == 0}
    test, _ = hold_out(days, CDNOW_CUT, CDNOW_WEEKS)
    return found | {
        "cdnow_holdout_mae": round(test.value, 3), "cdnow_mae_past_rate": round(test.anchor_value, 3),
        "cdnow_bias": round(test.more["bias"], 3), "cdnow_top_tenth": round(test.more["top_tenth"], 3),
        "cdnow_top_tenth_alive": round(test.more["top_tenth_alive"], 3), "cdnow_customers": test.n,
    }  # fmt: skip


def orange_juice(folder: Path, *, quick: bool) -> Figures:
    del quick
    found = price(sets.orange_juice(folder / "oj.csv"))
    first = next(item for item in found.value.items if item.item == "dominicks")
    return {
        "oj_elasticity": round(first.elasticity, 5), "oj_feature": round(first.promotion, 5),
        "oj_pooled": round(found.value.pooled, 3), "oj_log_rmse": round(found.back_test.value, 3),
        "oj_log_rmse_mean": round(found.back_test.anchor_value, 3),
    }  # fmt: skip


def hillstrom(folder: Path, *, quick: bool) -> Figures:
    campaign = sets.hillstrom(folder / "hillstrom.csv")
    if quick:
        rows = np.random.default_rng(SEED).permutation(len(campaign.happened))[:QUICK_CUSTOMERS]
        treated, happened = ([flags[row] for row in rows] for flags in (campaign.treated, campaign.happened))
        campaign = Campaign(chosen(campaign.traits, rows), treated, happened)
    found = campaign_uplift(campaign)
    return {
        "hillstrom_qini": round(found.back_test.value, 5), "hillstrom_qini_response": round(
            found.back_test.anchor_value, 5), "hillstrom_uplift": round(found.value.average, 4),
        "hillstrom_uplift_top30": round(found.value.top, 4), "hillstrom_customers": found.back_test.n,
    }  # fmt: skip


def bank_campaign(folder: Path, *, quick: bool) -> Figures:
    del quick
    known = sets.bank_campaign(folder / "bank-additional-full.csv")
    test = churn(known, known.traits).back_test
    return {"bank_campaign_auc": round(test.value, 4), "bank_campaign_auc_plain": round(test.anchor_value, 4)}


def journey(folder: Path, *, quick: bool) -> Figures:
    """The last eight whole weeks, the hardest of the year; and the whole second half."""
    place = sets.journey_folder()
    if place is None:
        raise FileNotFoundError(folder / "completejourney")
    panel = panel_of(sets.complete_journey(place))
    test, *_ = back_test(panel, JOURNEY_TRIED)
    longer, *_ = back_test(panel, JOURNEY_LONG)
    found: Figures = {
        "demand_wape": percent(test.value), "demand_wape_naive": percent(test.anchor_value),
        "demand_wape_26w": percent(longer.value), "demand_wape_26w_naive": percent(longer.anchor_value),
    }  # fmt: skip
    return found if quick else found | anchors.journey_figures(panel, JOURNEY_TRIED)


def reference(folder: Path, *, quick: bool) -> Figures:
    """The reference day: 720 agent-hours well spread against an even roster, by Erlang A; what-if with the router."""
    del folder, quick
    day = reference_day()
    traffic = Traffic(day, Conduct(240, 300))
    people = best_spread(traffic, Means(agent_hours=720))
    wall, cpu = time.perf_counter(), time.process_time()
    found = whatif(traffic, people, Change(volume=1.0))
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "staffing_sl": round(outlook(traffic, people).service_level, 4),
        "staffing_sl_flat": round(outlook(traffic, flat(day.hours(), 720)).service_level, 4),
        "whatif_sl_simulated": round(found.value.lived.service_level, 4), "whatif_contacts": found.back_test.n,
        "whatif_s": round(wall_s, 2), "whatif_cpu_s": round(cpu_s, 2),
    }  # fmt: skip


PARTS: dict[str, Callable[..., Figures]] = {
    "bank": bank, "telco": telco, "cdnow": cdnow, "orange_juice": orange_juice, "hillstrom": hillstrom,
    "bank_campaign": bank_campaign, "complete_journey": journey, "reference_day": reference,
}  # fmt: skip


def percent(value: float) -> float:
    return round(100 * value, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="at most 45 s")
    parser.add_argument("--data", type=Path, help="instead of SWITCHBOARD_DATA")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    if options.data:
        os.environ["SWITCHBOARD_DATA"] = str(options.data)
    figures, skipped, seconds = Figures(), [], {}
    for name in options.only:
        started = time.perf_counter()
        try:
            found = PARTS[name](sets.data_folder(), quick=options.quick)
        except FileNotFoundError as error:
            skipped.append(name)
            print(f"{name}: left out, {error.filename or error} is not here (docs/benchmarks.md says where to get it)")
            continue
        seconds[name] = round(time.perf_counter() - started, 1)
        print(f"{name}: {json.dumps(found)}", flush=True)
        figures |= found
    tell({**figures, "seconds": seconds, "skipped": skipped}, n=len(figures), seed=SEED)


if __name__ == "__main__":
    main()
