"""What an agent can is set by who administers, and routing hears of it."""

import pytest

from crm_core import models
from crm_core.abilities import Abilities, change_abilities, set_abilities, user_by_email
from crm_core.contracts import UserId
from crm_core.errors import Forbidden, InvalidInput, NotFound
from crm_core.routing_rules import read_rules
from crm_core.routing_values import Capacity, Load
from crm_core.routing_view import read_agents
from tests.support.factories import Centre, routing_files


async def test_what_is_said_last_holds(centre: Centre) -> None:
    pavel = centre.staff["pavel"]
    await centre.follow(routing_files())
    async with centre.work() as session:
        assert await user_by_email(session, " Pavel@oslo.example") == pavel
        await set_abilities(session, pavel, Abilities({"billing": 1}))
        last = Abilities({"claims": 4}, {"ru": 5}, capacity=3, limits={Load.CALL: 0})
        await change_abilities(session, centre.reach("ada").viewer, pavel, last)
        (seen,) = await read_agents(session, await read_rules(session), [pavel])
    assert (seen.skills, seen.languages) == (frozenset({("claims", 4)}), frozenset({"ru"}))
    assert seen.capacity == Capacity(slots=3, calls=0)


async def test_who_has_no_language_noted_speaks_those_of_the_queues(centre: Centre) -> None:
    await centre.follow(routing_files())
    async with centre.work() as session:
        (seen,) = await read_agents(session, await read_rules(session), [centre.staff["pavel"]])
    assert seen.languages == {"en", "ru", "es"}


@pytest.mark.parametrize("who", ["elena", "lev", "grace"])
async def test_only_who_administers_may_change_them(centre: Centre, who: str) -> None:
    async with centre.work() as session:
        with pytest.raises(Forbidden):
            await change_abilities(session, centre.reach(who).viewer, centre.staff["elena"], Abilities({"all": 5}))


@pytest.mark.parametrize(
    "wrong", [Abilities({"billing": 6}), Abilities(capacity=51), Abilities(limits={Load.CHAT: -1})]
)
async def test_numbers_out_of_range_are_refused(centre: Centre, wrong: Abilities) -> None:
    async with centre.work() as session:
        with pytest.raises(InvalidInput):
            await set_abilities(session, centre.staff["elena"], wrong)
    assert {user.capacity for user in await centre.rows(models.User)} == {5}


async def test_nobody_is_told_so(centre: Centre) -> None:
    async with centre.work() as session:
        with pytest.raises(NotFound):
            await set_abilities(session, UserId(2**40), Abilities())
        with pytest.raises(NotFound):
            await user_by_email(session, "nobody@oslo.example")
