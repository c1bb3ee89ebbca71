"""The policy around an ERP, against a transport that does what the test says."""

import asyncio
import gc

import pytest

from config.settings import ErpSettings
from crm_core.erp import calls
from crm_core.erp.breaker import CircuitState
from crm_core.erp.cache import AnswerCache
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Customer, Erp
from crm_core.errors import ErpAuth, ErpBadRequest, ErpError, ErpTimeout, ErpUnavailable
from tests.support.erp import ManualClock, ScriptedErp, anyones, order, spin, theirs

SETTINGS = ErpSettings(order_ttl_s=30, customer_ttl_s=300, stale_ttl_s=3600, parallel_calls=8)
HASTY = SETTINGS.model_copy(update={"deadline_s": 0.02})
MARIA = Customer("C1", "María López", ("maria@example.com",), ("+34 612 345 678",))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def far() -> ScriptedErp:
    return ScriptedErp(orders={"1001": order(), "1002": order("1002")}, customers=(MARIA,))


@pytest.fixture
def erp(far: ScriptedErp, clock: ManualClock) -> Guarded:
    return Guarded(far, SETTINGS, clock=clock)


def hanging(far: ScriptedErp) -> asyncio.Event:
    far.gate = asyncio.Event()
    return far.gate


async def test_it_is_an_erp_with_the_name_and_abilities_of_the_real_one(erp: Guarded) -> None:
    port: Erp = erp
    assert (port.name, port.capabilities()) == ("scripted", frozenset({"orders"}))


async def test_a_dead_erp_is_asked_twice_and_then_given_up(erp: Guarded, far: ScriptedErp) -> None:
    far.down = ErpUnavailable("dead")
    with pytest.raises(ErpUnavailable, match="dead"):
        await erp.get_order(theirs("1001", "C1"))
    assert far.calls == ["get_order"] * 2


async def test_a_short_failure_is_got_over_by_the_retry(erp: Guarded, far: ScriptedErp) -> None:
    far.failures = [ErpUnavailable("hiccup")]
    assert await erp.get_order(theirs("1001", "C1")) == order()


async def test_a_hanging_erp_is_given_up_at_the_deadline_without_a_retry(far: ScriptedErp) -> None:
    hanging(far)
    with pytest.raises(ErpTimeout):
        await Guarded(far, HASTY).get_order(theirs("1001", "C1"))
    assert far.calls == ["get_order"]


async def test_a_time_out_of_the_connector_is_not_retried_either(erp: Guarded, far: ScriptedErp) -> None:
    far.failures = [ErpTimeout("read timed out")]
    with pytest.raises(ErpTimeout):
        await erp.get_order(theirs("1001", "C1"))
    assert far.calls == ["get_order"]


async def test_waiting_for_a_free_slot_is_part_of_the_deadline(far: ScriptedErp) -> None:
    hanging(far)
    erp = Guarded(far, HASTY.model_copy(update={"parallel_calls": 1}))
    results = await asyncio.gather(
        erp.get_order(theirs("1001", "C1")), erp.get_order(theirs("1002", "C1")), return_exceptions=True
    )
    assert [type(result) for result in results] == [ErpTimeout, ErpTimeout]
    assert far.calls == ["get_order"]


async def test_no_more_calls_at_once_than_allowed(far: ScriptedErp, clock: ManualClock) -> None:
    gate = hanging(far)
    erp = Guarded(far, SETTINGS.model_copy(update={"parallel_calls": 3}), clock=clock)
    asked = [asyncio.create_task(erp.get_order(theirs(f"{number}", "C1"))) for number in range(10)]
    await spin()
    assert len(far.calls) == 3
    gate.set()
    await asyncio.gather(*asked)
    assert len(far.calls) == 10


@pytest.mark.parametrize("error", [ErpBadRequest("no"), ErpAuth("no")])
async def test_what_cannot_succeed_is_not_retried_and_does_not_open_the_circuit(
    erp: Guarded, far: ScriptedErp, error: ErpError
) -> None:
    far.down = error
    for _ in range(10):
        with pytest.raises(type(error)):
            await erp.get_order(theirs("1001", "C1"))
    assert len(far.calls) == 10
    assert erp.circuit_state is CircuitState.CLOSED


async def test_missing_orders_do_not_open_the_circuit(erp: Guarded) -> None:
    for number in range(20):
        assert await erp.get_order(theirs(f"x{number}", "C1")) is None
    assert erp.circuit_state is CircuitState.CLOSED


async def test_an_order_is_fresh_for_half_a_minute(erp: Guarded, far: ScriptedErp, clock: ManualClock) -> None:
    await erp.get_order(theirs("1001", "C1"))
    clock.now = 29
    await erp.get_order(theirs("#1001", "C1"))
    assert len(far.calls) == 1
    clock.now = 30
    await erp.get_order(theirs("1001", "C1"))
    assert len(far.calls) == 2


async def test_a_customer_is_fresh_for_longer(erp: Guarded, far: ScriptedErp, clock: ManualClock) -> None:
    await erp.find_customers(email="maria@example.com")
    clock.now = 299
    assert await erp.find_customers(email=" Maria@example.com") == (MARIA,)
    assert len(far.calls) == 1


async def test_an_answer_for_an_agent_is_not_given_to_a_customer(erp: Guarded, far: ScriptedErp) -> None:
    await erp.get_order(anyones("1001"))
    assert await erp.get_order(theirs("1001", "C2")) is None
    assert len(far.calls) == 2


async def test_the_cache_is_bounded(erp: Guarded) -> None:
    for number in range(calls.CACHE_LIMIT + 10):
        await erp.get_product(f"A{number}")
    assert len(erp._calls._cache) == calls.CACHE_LIMIT


async def test_an_old_answer_stands_in_marked_stale_while_the_erp_is_down(
    erp: Guarded, far: ScriptedErp, clock: ManualClock
) -> None:
    await erp.get_order(theirs("1001", "C1"))
    await erp.list_orders("C1")
    far.down, clock.now = ErpUnavailable("down"), 60
    stale = await erp.get_order(theirs("1001", "C1"))
    assert stale == order(stale=True)
    assert all(one.stale for one in await erp.list_orders("C1"))


async def test_an_answer_older_than_an_hour_does_not_stand_in(
    erp: Guarded, far: ScriptedErp, clock: ManualClock
) -> None:
    await erp.get_order(theirs("1001", "C1"))
    far.down, clock.now = ErpUnavailable("down"), 3600
    with pytest.raises(ErpUnavailable):
        await erp.get_order(theirs("1001", "C1"))


async def test_that_there_was_nothing_does_not_stand_in(erp: Guarded, far: ScriptedErp, clock: ManualClock) -> None:
    assert await erp.get_order(theirs("9999", "C1")) is None
    far.down, clock.now = ErpUnavailable("down"), 60
    with pytest.raises(ErpUnavailable):
        await erp.get_order(theirs("9999", "C1"))


async def test_forty_who_ask_at_once_cost_one_call(erp: Guarded, far: ScriptedErp) -> None:
    gate = hanging(far)
    asked = [asyncio.create_task(erp.get_order(theirs("1001", "C1"))) for _ in range(40)]
    await spin()
    gate.set()
    assert await asyncio.gather(*asked) == [order()] * 40
    assert far.calls == ["get_order"]


async def test_forty_who_ask_a_dead_erp_share_one_failure(erp: Guarded, far: ScriptedErp) -> None:
    far.down = ErpUnavailable("dead")
    asked = [erp.get_order(theirs("1001", "C1")) for _ in range(40)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(result) for result in results} == {ErpUnavailable}
    assert len(far.calls) == 2


async def test_a_cancelled_leader_does_not_take_its_followers_along(erp: Guarded, far: ScriptedErp) -> None:
    gate = hanging(far)
    leader = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    follower = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    leader.cancel()
    await spin()
    gate.set()
    assert await follower == order()
    assert leader.cancelled()
    assert far.calls == ["get_order"]


async def test_a_task_group_that_gives_up_leaves_others_their_answer(erp: Guarded, far: ScriptedErp) -> None:
    gate = hanging(far)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), asyncio.TaskGroup() as group:
            group.create_task(erp.get_order(theirs("1001", "C1")))
    gate.set()
    assert await erp.get_order(theirs("1001", "C1")) == order()


async def test_a_failure_that_nobody_waits_for_any_more_is_not_reported_as_lost(erp: Guarded, far: ScriptedErp) -> None:
    lost: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context))
    gate, far.failures = hanging(far), [ErpBadRequest("no")]
    asker = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    asker.cancel()
    gate.set()
    await spin()
    del asker  # its traceback holds the call
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert lost == []


async def test_after_five_failures_the_erp_is_left_alone(erp: Guarded, far: ScriptedErp) -> None:
    far.down = ErpUnavailable("dead")
    for number in range(10):
        with pytest.raises(ErpUnavailable, match="dead" if number < 3 else "left alone"):
            await erp.get_order(theirs(f"{number}", "C1"))
    assert len(far.calls) == 5
    assert erp.circuit_state is CircuitState.OPEN


async def test_after_a_pause_one_probe_brings_it_back(erp: Guarded, far: ScriptedErp, clock: ManualClock) -> None:
    far.down = ErpUnavailable("dead")
    for number in range(3):
        with pytest.raises(ErpUnavailable):
            await erp.get_order(theirs(f"{number}", "C1"))
    far.down, clock.now = None, 40
    assert erp.circuit_state is CircuitState.HALF_OPEN
    assert await erp.get_order(theirs("1001", "C1")) == order()
    assert erp.circuit_state is CircuitState.CLOSED


async def test_an_open_circuit_gives_the_old_answer_at_once(erp: Guarded, far: ScriptedErp, clock: ManualClock) -> None:
    await erp.get_order(theirs("1001", "C1"))
    far.down, clock.now = ErpUnavailable("dead"), 60
    for number in range(3):
        with pytest.raises(ErpUnavailable):
            await erp.get_order(theirs(f"{number}", "C1"))
    count = len(far.calls)
    stale = await erp.get_order(theirs("1001", "C1"))
    assert stale is not None
    assert (stale.stale, len(far.calls)) == (True, count)


@pytest.mark.parametrize("ref", ["'", "100234' or '1'='1", "%", "", "1\x00", "x" * 41])
async def test_hostile_references_never_reach_the_erp(erp: Guarded, far: ScriptedErp, ref: str) -> None:
    assert await erp.get_order(theirs(ref, "C1")) is None
    assert await erp.get_product(ref) is None
    assert await erp.find_customers(email=f"{ref}*@example.com") == ()
    assert await erp.find_customers(phone=f"{ref}'") == ()
    assert far.calls == []


async def test_a_write_is_never_repeated(erp: Guarded, far: ScriptedErp) -> None:
    far.failures = [ErpUnavailable("hiccup")]
    with pytest.raises(ErpUnavailable):
        await erp.create_return("1001", "broken", key="k")
    assert far.calls == ["create_return"]


@pytest.mark.parametrize("failures", [[], [ErpUnavailable("after it was done")]])
async def test_a_write_makes_what_is_known_of_its_order_doubtful(
    erp: Guarded, far: ScriptedErp, failures: list[ErpError]
) -> None:
    await erp.get_order(theirs("1001", "C1"))
    await erp.get_order(theirs("1002", "C1"))
    await erp.list_orders("C1")
    far.failures = list(failures)
    try:
        await erp.add_note("1001", "call back", key="k")
    except ErpUnavailable:
        assert failures
    far.calls.clear()
    await erp.get_order(theirs("1002", "C1"))
    assert far.calls == []
    await erp.get_order(theirs("1001", "C1"))
    await erp.list_orders("C1")
    assert far.calls == ["get_order", "list_orders"]


async def test_who_asks_after_a_write_does_not_share_a_read_from_before(erp: Guarded, far: ScriptedErp) -> None:
    gate = hanging(far)
    early = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    far.gate = None
    await erp.add_note("1001", "call back", key="k")
    await erp.get_order(theirs("1001", "C1"))
    assert far.calls == ["get_order", "add_note", "get_order"]
    gate.set()
    await early


async def test_a_read_from_before_a_write_is_not_kept(erp: Guarded, far: ScriptedErp) -> None:
    gate = hanging(far)
    early = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    far.gate = None
    await erp.add_note("1001", "call back", key="k")
    gate.set()
    await early
    await erp.get_order(theirs("1001", "C1"))
    assert far.calls == ["get_order", "add_note", "get_order"]


async def test_health_is_asked_anew_each_time(erp: Guarded, far: ScriptedErp) -> None:
    assert await erp.health() == await erp.health() == "scripted 1.0"
    assert far.calls == ["health"] * 2


async def test_each_call_is_told_with_its_outcome(far: ScriptedErp, clock: ManualClock) -> None:
    told: list[tuple[str, float, str]] = []
    erp = Guarded(far, SETTINGS, on_call=lambda *call: told.append(call), clock=clock)
    far.failures = [ErpUnavailable("hiccup")]
    await erp.get_order(theirs("1001", "C1"))
    await erp.get_order(theirs("1001", "C1"))
    assert told == [("get_order", 0.0, "erp_unavailable"), ("get_order", 0.0, "ok")]


async def test_closing_ends_the_calls_under_way(erp: Guarded, far: ScriptedErp) -> None:
    hanging(far)
    asker = asyncio.create_task(erp.get_order(theirs("1001", "C1")))
    await spin()
    await erp.aclose()
    with pytest.raises(ErpUnavailable):
        await asker
    assert far.closed


def test_the_least_recently_used_answer_goes_first(clock: ManualClock) -> None:
    cache = AnswerCache(clock, 2)
    for key in "ab":
        cache.put(key, key, read_at_drop=0)
    cache.get("a", 1)
    cache.put("c", "c", read_at_drop=0)
    assert [key for key in "abc" if cache.get(key, 1)] == ["a", "c"]
