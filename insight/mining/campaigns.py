"""`campaign_design`: how many to write to before anybody is. `campaign_uplift`: what it changed, and in whom."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from crm_core.errors import InvalidInput
from crm_core.learnt import Minimum
from crm_core.sentences import Sentence, Share
from insight.fifo import Z95
from insight.mining.encoding import (
    Encoder,
    Encoding,
    Floats,
    Rows,
    auc_interval,
    chances,
    chosen,
    fit_logistic,
    folds,
)
from insight.mining.findings import (
    BackTest,
    Finding,
    Interval,
    Protocol,
    around,
    demand_enough,
    share_interval,
)
from insight.mining.rows import Campaign, Traits
from insight.mining.threads import one_thread

LEAST_PER_ARM, LEAST_ACTED = 1000, 30
STRENGTH = 0.1
SCALED = Encoding(curved=False, scaled=True)
BY_LOT = 0.03  # how far from .5 the arm may be foretold before it was no lot
TRIALS, SEED = 4000, 7
TOP = 0.3
TENTHS, LOTS = 10, 200
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Design:
    """`per_arm` people written to, and as many left alone, to see `effect` with this `power`."""

    per_arm: int
    rate: float
    effect: float
    power: float


def campaign_design(rate: float, effect: float, people: int, power: float = 0.8) -> Finding[Design]:
    """`rate` acts anyway; `effect` more, in shares, must not be overlooked. The interval is of the power."""
    if not (0 < rate < 1 and 0 < effect < 1 - rate and 0 < power < 1):
        raise InvalidInput("Rate, effect and power are shares between 0 and 1, and rate + effect is below 1.")
    per_arm = people_per_arm(rate, effect, power)
    minima = demand_enough(Minimum("people_to_write_to", people, 2 * per_arm))
    random = np.random.default_rng(SEED)
    written, left = (random.binomial(per_arm, share, TRIALS) / per_arm for share in (rate + effect, rate))
    error = np.sqrt((written * (1 - written) + left * (1 - left)) / per_arm)
    seen = int(np.sum(written - left > Z95 * error))
    test = BackTest(Protocol.DRAWN, "power", seen / TRIALS, "wanted", power, TRIALS)
    return Finding(
        Design(per_arm, rate, effect, power), share_interval(seen, TRIALS), test, minima,
        Sentence("campaign_design", {"per_arm": per_arm, "effect": 100 * effect, "power": Share(seen / TRIALS)}),
    )  # fmt: skip


def people_per_arm(rate: float, effect: float, power: float) -> int:
    """Two-sided at 5 % (Fleiss, Statistical Methods for Rates and Proportions, 3rd ed., 4.14)."""
    other, both = rate + effect, rate + effect / 2
    spread = Z95 * sqrt(2 * both * (1 - both)) + float(norm.ppf(power)) * sqrt(
        rate * (1 - rate) + other * (1 - other)
    )  # fmt: skip
    return ceil((spread / effect) ** 2)


@dataclass(frozen=True, slots=True)
class Uplift:
    """Shares of those who act, more by being written to: on average, and of the most responsive three tenths.

    `customers` with what writing to each is expected to change, the most first.
    """

    average: float
    top: float
    customers: tuple[tuple[str, float], ...]


def campaign_uplift(campaign: Campaign) -> Finding[Uplift]:
    """One logistic regression with every trait once more for those written to (S-learner). The interval: average."""
    treated, happened = (np.asarray(each, dtype=np.bool_) for each in (campaign.treated, campaign.happened))
    minima = demand_enough(
        *(Minimum(name, int(arm.sum()), LEAST_PER_ARM) for name, arm in
          (("people_written_to", treated), ("people_left_alone", ~treated))),
        *(Minimum(name, int(happened[arm].sum()), LEAST_ACTED) for name, arm in
          (("written_to_who_acted", treated), ("left_alone_who_acted", ~treated))),
    )  # fmt: skip
    with one_thread():
        uplift, response, arms = _held_out(campaign.traits, treated, happened)
        told = _Effects(campaign.traits, treated, happened)(campaign.traits)
    _check_lot(auc_interval(treated, arms))
    average, error = _difference(treated, happened)
    within = around(average, error)
    more = {"top_30": uplift_at(treated, happened, uplift, TOP), "top_30_response": uplift_at(
        treated, happened, response, TOP)}  # fmt: skip
    test = BackTest(Protocol.FOLDS, "qini", qini(treated, happened, uplift), "response_model",
                    qini(treated, happened, response), len(happened), more)  # fmt: skip
    ranked = sorted(zip(campaign.traits.ids, told.tolist(), strict=True), key=lambda one: -one[1])
    return Finding(
        Uplift(average, more["top_30"], tuple(ranked)), within, test, minima,
        Sentence("campaign_uplift", {"uplift": 100 * average, "low": 100 * within.low, "high": 100 * within.high,
                                     "top": 100 * more["top_30"]}),
    )  # fmt: skip


class _Effects:
    """Fitted in the constructor; called, it tells what being written to changes in each."""

    def __init__(self, traits: Traits, treated: Flags, happened: Flags) -> None:
        self._encoder = Encoder(traits, SCALED)
        matrix = _with_arm(self._encoder(traits), treated.astype(np.float64))
        self._model = fit_logistic(matrix, happened, STRENGTH)

    def __call__(self, traits: Traits) -> Floats:
        matrix = self._encoder(traits)
        written, left = (_with_arm(matrix, np.full(len(traits), arm)) for arm in (1.0, 0.0))
        return chances(self._model, written) - chances(self._model, left)


def _with_arm(matrix: Floats, arm: Floats) -> Floats:
    return np.hstack([matrix, arm[:, None], matrix * arm[:, None]])


def _held_out(traits: Traits, treated: Flags, happened: Flags) -> tuple[Floats, Floats, Floats]:
    """For everybody, from the other four fifths: uplift, chance to act, and chance to have been written to."""
    found = np.zeros((3, len(happened)))
    for learnt, tried in folds((treated * 2 + happened).tolist(), seed=1):
        part, rest = chosen(traits, learnt), chosen(traits, tried)
        found[0, tried] = _Effects(part, treated[learnt], happened[learnt])(rest)
        found[1:, tried] = _plain(part, rest, (happened[learnt], treated[learnt]))
    return found[0], found[1], found[2]


def _plain(part: Traits, rest: Traits, outcomes: tuple[Flags, Flags]) -> list[Floats]:
    encoder = Encoder(part, SCALED)
    return [chances(fit_logistic(encoder(part), each, STRENGTH), encoder(rest)) for each in outcomes]


def _check_lot(foretold: Interval) -> None:
    if foretold.low > 0.5 + BY_LOT or foretold.high < 0.5 - BY_LOT:
        raise InvalidInput(
            "Who was written to can be told from their traits, so it was not by lot: what they did shows who was "
            "chosen, not what the campaign changed. Draw the next one by lot, and log the draw before sending."
        )


def _difference(treated: Flags, happened: Flags) -> tuple[float, float]:
    one, other = happened[treated], happened[~treated]
    error = sqrt(one.var() / len(one) + other.var() / len(other))
    return float(one.mean() - other.mean()), error


def uplift_curve(campaign: Campaign) -> tuple[tuple[float, float], ...]:
    """By tenths: of the share most responsive as told from the others, further actions per head of everybody."""
    treated, happened = (np.asarray(each, dtype=np.bool_) for each in (campaign.treated, campaign.happened))
    gained = _gained(treated, happened, _held_out(campaign.traits, treated, happened)[0]) / len(happened)
    ends = [max(1, round(len(gained) * tenth / TENTHS)) for tenth in range(1, TENTHS + 1)]
    return ((0.0, 0.0), *((end / len(gained), float(gained[end - 1])) for end in ends))


def qini_by_lot(campaign: Campaign) -> float:
    """What an order drawn by lot exceeds once in twenty: below it nobody can be said to stand out."""
    treated, happened = (np.asarray(each, dtype=np.bool_) for each in (campaign.treated, campaign.happened))
    random = np.random.default_rng(SEED)
    drawn = [qini(treated, happened, random.random(len(happened))) for _ in range(LOTS)]
    return float(np.quantile(drawn, 0.95))


def _gained(treated: Flags, happened: Flags, score: Floats) -> Floats:
    """Further actions among the first so many by `score`, the highest first."""
    order = np.argsort(-score, kind="stable")
    arm, acted = treated[order].astype(np.float64), happened[order].astype(np.float64)
    written, left = np.cumsum(arm), np.cumsum(1 - arm)
    gained: Floats = np.cumsum(acted * arm) - np.cumsum(acted * (1 - arm)) * written / np.maximum(left, 1)
    return gained


def qini(treated: Flags, happened: Flags, score: Floats) -> float:
    """Area between the curve of further actions and a lot's, per head (Radcliffe 2007)."""
    gained = _gained(treated, happened, score)
    return float((gained - np.linspace(0, gained[-1], len(gained))).mean() / len(gained))


def uplift_at(treated: Flags, happened: Flags, score: Floats, share: float) -> float:
    """Among the highest share: how much more of those written to acted."""
    top: Rows = np.argsort(-score, kind="stable")[: int(len(score) * share)]
    return _difference(treated[top], happened[top])[0]
