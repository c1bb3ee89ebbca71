"""What is learnt by night for the page of customers: kept and read back unchanged, and it names nobody."""

from datetime import date
from functools import cache

import pytest

from crm_core.access import Viewer
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Forbidden
from crm_core.learnt import Amount, Curve, Learnt, keep_learnt, learnt_findings
from crm_core.states import Role
from insight.mining.nightly import MOST_STEPS, learn
from insight.mining.retention import retention_of_sales
from insight.mining.segments import segments
from insight.mining.worth import Known
from tests.support import known_truths as truth

LEV = Viewer(1, Role.SUPERVISOR, frozenset(), "x")
KINDS = ["retention", "segments", "churn", "clv", "demand", "price", "portfolio"]


@cache
def learnt() -> dict[str, Learnt]:
    return {each.kind: each for each in learn(Known(truth.shop(2), truth.UNTIL, "EUR"))}


def test_every_function_answers_with_its_trial_and_a_picture() -> None:
    found = learnt()
    assert list(found) == KINDS
    for each in found.values():
        assert each.refused is None, each
        assert each.sentence is not None
        assert each.trial is not None
        assert all(minimum.have >= minimum.need for minimum in each.minima)
        assert each.amounts or each.curve, each.kind


def test_the_pictures_show_what_was_found() -> None:
    found, sold = learnt(), truth.shop(2)
    curve = retention_of_sales(sold, truth.UNTIL).value.survival
    drawn = found["retention"].curve
    assert drawn is not None
    assert (drawn.days[-1], drawn.share[-1]) == (curve.days[-1], curve.share[-1])
    assert len(drawn.days) <= MOST_STEPS
    assert sum(each.value for each in found["segments"].amounts) == len(segments(sold, truth.UNTIL).value.customers)
    fifths = [each.value for each in found["clv"].amounts]
    assert fifths == sorted(fifths, reverse=True)
    assert found["clv"].sentence is not None
    assert sum(fifths) == pytest.approx(found["clv"].sentence.parameters["money"], abs=1)
    first = found["retention"].cohorts[0]
    assert first.active[0] == 1.0
    assert "cup + tea" in {each.name for each in found["portfolio"].amounts}


def test_nobody_is_named() -> None:
    names = {sale.customer for sale in truth.shop(2)}
    told = repr(learnt())
    assert [name for name in names if name in told] == []


def test_too_little_is_said_and_not_guessed() -> None:
    found = learn(Known(truth.shop(2)[:20], truth.UNTIL, "EUR"))
    assert [each.kind for each in found] == KINDS
    for each in found:
        assert each.refused is not None, each.kind
        assert each.refused.have < each.refused.need
        assert (each.sentence, each.curve, each.amounts) == (None, None, ())


async def test_it_is_kept_and_read_back_as_it_was_in_place_of_the_night_before(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await keep_learnt(session, [Learnt("clv", date(2020, 1, 1), None), Learnt("gone", date(2020, 1, 1), None)])
    async with unit_of_work(sessions) as session:
        await keep_learnt(session, list(learnt().values()))
    async with sessions() as session:
        assert {each.kind: each for each in await learnt_findings(session, LEV)} == learnt()


async def test_only_who_may_read_reports_reads_it(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(Forbidden):
            await learnt_findings(session, Viewer(2, Role.AGENT, frozenset(), "x"))


async def test_small_pictures_survive_the_way_through_the_database(sessions: Sessions) -> None:
    odd = Learnt("clv", date(2026, 2, 28), "EUR", curve=Curve((), (), (), ()), amounts=(Amount("a", -1.5, note=3),))
    async with unit_of_work(sessions) as session:
        await keep_learnt(session, [odd])
    async with sessions() as session:
        assert await learnt_findings(session, LEV) == (odd,)
