"""The rules of routing, each by itself, and the whole against a plain search through everything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.routing import Router
from crm_core.routing_values import Candidate, Capacity, Holding, Load, Need, Ring, Waiting

TEAM = frozenset({"service"})
RINGS = (
    Ring(TEAM),
    Ring(TEAM, slack_s=60, needs_skills=False),
    Ring(frozenset({"service", "sales"}), slack_s=0, needs_skills=False, needs_language=False),
)


def need(load: Load = Load.CHAT, language: str | None = "es", *skills: str, urgent: bool = False) -> Need:
    return Need("service", load, language, frozenset(skills), urgent)


def waiting(number: int, deadline: float = 1000.0, wants: Need | None = None, **more: object) -> Waiting:
    return Waiting(number, wants or need(), deadline, more.pop("queued_at", 0.0), **more)  # type: ignore[arg-type]


def agent(number: int, *skills: str, languages: str = "es en", **more: object) -> Candidate:
    known = frozenset((skill, 1) for skill in skills)
    return Candidate(number, more.pop("teams", TEAM), frozenset(languages.split()), known, **more)  # type: ignore[arg-type]


def router(*agents: Candidate) -> Router:
    made = Router({"service": RINGS})
    for each in agents:
        made.agent_changed(each)
    return made


def offers(made: Router, now: float, *line: Waiting) -> list[tuple[int, int]]:
    for each in line:
        made.add_waiting(each)
    return [(found.waiting.id, found.agent_id) for found in made.next_assignments(now)]


def test_least_slack_goes_first() -> None:
    made = router(agent(1, capacity=Capacity(slots=1)))
    assert offers(made, 0, waiting(1, 900), waiting(2, 300, queued_at=9), waiting(3, 600)) == [(2, 1)]
    made.released(1, Load.CHAT, 10)
    assert offers(made, 10) == [(3, 1)]


def test_who_has_fewest_other_skills_takes_it_then_who_idled_longest() -> None:
    general, special = agent(1, "billing", "claims", idle_since=0), agent(2, "billing", idle_since=50)
    longer = agent(3, "billing", idle_since=20)
    wants = need(Load.CALL, "es", "billing")
    made = router(general, special, longer)
    line = [waiting(number, 1000 + number, wants) for number in (1, 2, 3)]
    assert offers(made, 100, *line) == [(1, 3), (2, 2), (3, 1)]


def test_skills_relax_in_rings_at_the_very_moment() -> None:
    made = router(agent(1), agent(2, languages="ru", teams=frozenset({"sales"})))
    wants = need(Load.CALL, "es", "billing")
    assert offers(made, 0, waiting(1, 1000, wants), waiting(2, 1000.5, wants)) == []
    assert made.next_look_at() == 940
    assert offers(made, 939) == []
    assert offers(made, 940) == [(1, 1)]
    assert offers(made, 999) == []
    assert offers(made, 1000.5) == [(2, 2)]


def test_a_call_takes_the_whole_agent_and_lays_mails_aside() -> None:
    made = router(agent(1, holding=Holding(mails=5)), agent(2, holding=Holding(chats=1)))
    made.add_waiting(waiting(1, wants=need(Load.CALL)))
    (assignment,) = made.next_assignments(0)
    assert (assignment.agent_id, assignment.reason.interrupts) == (1, True)
    assert offers(made, 0, waiting(2), waiting(3, wants=need(Load.MAIL))) == [(2, 2), (3, 2)]
    made.agent_changed(agent(2, present=False))
    assert offers(made, 0, waiting(4)) == []


def test_mails_fill_what_chats_leave_and_only_the_urgent_interrupts_them() -> None:
    made = router(agent(1, capacity=Capacity(slots=2), holding=Holding(mails=1)))
    mail, urgent = need(Load.MAIL), need(urgent=True)
    assert offers(made, 0, waiting(1, wants=mail), waiting(2, wants=mail), waiting(3)) == [(1, 1)]
    assert offers(made, 0, waiting(4, wants=urgent), waiting(5, wants=urgent)) == [(4, 1), (5, 1)]
    assert offers(made, 0, waiting(6, wants=urgent)) == []


def test_nobody_interrupts_a_call() -> None:
    made = router(agent(1, holding=Holding(calls=1)))
    assert offers(made, 0, waiting(1, wants=need(urgent=True)), waiting(2, wants=need(Load.CALL))) == []


def test_limits_by_kind_hold() -> None:
    made = router(agent(1, capacity=Capacity(slots=5, calls=0, chats=1, mails=1)))
    line = [
        waiting(1, wants=need(Load.CALL)),
        waiting(2),
        waiting(3),
        *(waiting(n, wants=need(Load.MAIL)) for n in (4, 5)),
    ]
    assert offers(made, 0, *line) == [(2, 1), (4, 1)]


def test_the_last_agent_is_waited_for_for_a_while_only() -> None:
    made = router(agent(1, holding=Holding(calls=1)), agent(2))
    assert offers(made, 0, waiting(1, last_agent=1, prefer_until=30)) == []
    assert offers(made, 29) == []
    assert made.next_look_at() == 30
    assert offers(made, 30) == [(1, 2)]


def test_the_last_agent_takes_it_when_free_even_if_others_idle_longer() -> None:
    made = router(agent(1, idle_since=90), agent(2, idle_since=0))
    made.add_waiting(waiting(1, last_agent=1, prefer_until=130))
    (assignment,) = made.next_assignments(100)
    assert (assignment.agent_id, assignment.reason.is_last_agent) == (1, True)


def test_a_last_agent_who_leaves_is_not_waited_for() -> None:
    made = router(agent(1, holding=Holding(calls=1)), agent(2))
    assert offers(made, 0, waiting(1, last_agent=1, prefer_until=30)) == []
    made.agent_changed(agent(1, present=False))
    assert offers(made, 1) == [(1, 2)]


def test_who_declined_is_passed_by() -> None:
    made = router(agent(1, idle_since=0), agent(2, idle_since=5))
    assert offers(made, 9, waiting(1, passed_by=frozenset({1}))) == [(1, 2)]
    assert offers(made, 9, waiting(2, passed_by=frozenset({1, 2}))) == []
    assert offers(made, 9, waiting(3)) == [(3, 1)]


def test_a_callback_keeps_its_place_and_waits_for_its_time() -> None:
    made = router(agent(1, capacity=Capacity(slots=1)))
    callback = waiting(1, 100, need(Load.CALL), not_before=500)
    assert offers(made, 0, callback, waiting(2, 300)) == [(2, 1)]
    made.add_waiting(waiting(3, 900, need(Load.CALL)))
    made.released(1, Load.CHAT, 500)
    assert offers(made, 500) == [(1, 1)]


def test_put_off_again_it_sleeps_until_the_new_time() -> None:
    made = router(agent(1))
    made.add_waiting(waiting(1, not_before=10))
    assert offers(made, 0, waiting(1, not_before=100)) == []
    assert offers(made, 50) == []
    assert offers(made, 100) == [(1, 1)]


def test_who_went_away_gets_nothing() -> None:
    made = router(agent(1))
    made.agent_changed(agent(1, present=False))
    assert offers(made, 0, waiting(1)) == []
    made.agent_changed(agent(1))
    assert offers(made, 0) == [(1, 1)]
    made.remove_agent(1)
    assert offers(made, 0, waiting(2)) == []


def test_who_left_the_line_is_not_offered() -> None:
    made = router()
    assert offers(made, 0, waiting(1), waiting(2, 2000)) == []
    made.remove_waiting(1)
    made.agent_changed(agent(1))
    assert offers(made, 0) == [(2, 1)]


def test_the_reason_is_a_sentence() -> None:
    made = router(agent(1, "billing", idle_since=-310), agent(2, "billing"), agent(3, "billing", "claims"))
    made.add_waiting(waiting(1, 42, need(Load.CHAT, "es", "billing")))
    (assignment,) = made.next_assignments(0)
    assert str(assignment.reason) == "least slack 42 s; skills es, billing; idle 310 s; 3 candidates"


def _fits(each: Candidate, wants: Need, ring: Ring) -> bool:
    skilled = wants.skills <= {name for name, level in each.skills if level >= ring.level}
    speaks = wants.language in each.languages
    return bool(each.teams & ring.teams) and (skilled or not ring.needs_skills) and (speaks or not ring.needs_language)


def _plain_search(line: list[Waiting], agents: dict[int, Candidate], now: float) -> tuple[int, int] | None:
    """What the index must find, looked for the slow way; one chat or call at a time for everybody."""
    for each in sorted(line, key=lambda one: (one.deadline, one.queued_at, one.id)):
        ranks = []
        for one in agents.values():
            ring = next((number for number, ring in enumerate(RINGS) if _fits(one, each.need, ring)), None)
            is_free = one.present and one.holding.total == 0 and one.id not in each.passed_by
            if is_free and ring is not None and each.deadline - now <= RINGS[ring].slack_s:
                others = len({name for name, _ in one.skills} - each.need.skills)
                others += len(one.languages - {each.need.language})
                ranks.append((ring, others, one.idle_since, one.id))
        if ranks:
            return each.id, min(ranks)[3]
    return None


SKILLS = ("billing", "claims")
steps = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "arrive", "free", "leave", "come", "go", "later"]),
        st.integers(0, 7), st.integers(0, 3), st.integers(0, 300),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(steps)
def test_the_index_finds_what_a_search_through_everything_finds(happened: list[tuple[str, int, int, int]]) -> None:
    made, now, number = Router({"service": RINGS}), 0.0, 0
    agents: dict[int, Candidate] = {}
    line: dict[int, Waiting] = {}
    for kind, who, which, much in happened:
        now += 1
        skills = SKILLS[: which % 3]
        if kind == "arrive":
            number += 1
            wants = need(Load.CALL, ("es", "ru")[which % 2], *skills)
            line[number] = waiting(number, now + much, wants, passed_by=frozenset({who}) if which == 3 else frozenset())
            made.add_waiting(line[number])
        elif kind == "come":
            team = frozenset({("service", "sales")[which == 3]})
            agents[who] = agent(
                who, *skills, languages=("es en", "ru")[who % 2], idle_since=now, teams=team, capacity=Capacity(1)
            )
            made.agent_changed(agents[who])
        elif kind == "go" and who in agents:
            agents[who] = agent(who, present=False)
            made.agent_changed(agents[who])
        elif kind == "free" and who in agents and agents[who].holding.calls:
            made.released(who, Load.CALL, now)
            agents[who] = _freed(agents[who], now)
        elif kind == "leave" and line:
            gone = sorted(line)[who % len(line)]
            del line[gone]
            made.remove_waiting(gone)
        elif kind == "later":
            now += much
        for found in made.next_assignments(now):
            assert (found.waiting.id, found.agent_id) == _plain_search(list(line.values()), agents, now)
            del line[found.waiting.id]
            agents[found.agent_id] = _busy(agents[found.agent_id], now)
        assert _plain_search(list(line.values()), agents, now) is None


def _busy(one: Candidate, now: float) -> Candidate:
    return Candidate(one.id, one.teams, one.languages, one.skills, one.present, one.capacity, Holding(calls=1), now)


def _freed(one: Candidate, now: float) -> Candidate:
    return Candidate(one.id, one.teams, one.languages, one.skills, one.present, one.capacity, Holding(), now)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 600), st.floats(20, 600)), min_size=2, max_size=60))
def test_nobody_is_overtaken_by_who_came_after_their_deadline(arrivals: list[tuple[float, float]]) -> None:
    made, served = router(agent(1, capacity=Capacity(slots=1))), []
    line = {n: waiting(n, at + promise) for n, (at, promise) in enumerate(sorted(arrivals))}
    arrived = dict(enumerate(at for at, _ in sorted(arrivals)))
    events = sorted([(at, 0, n) for n, at in arrived.items()] + [(60.0 * n, 1, 0) for n in range(80)])
    for now, is_end, n in events:
        if is_end:
            made.released(1, Load.CHAT, now)
        else:
            made.add_waiting(line[n])
        served += [found.waiting.id for found in made.next_assignments(now)]
    assert sorted(served) == sorted(line)
    for place, who in enumerate(served):
        assert all(arrived[earlier] <= line[who].deadline for earlier in served[:place])
