"""Who may do what with which conversation: the whole expected matrix is in access_matrix.txt, beside this file."""

from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from crm_core import models
from crm_core.access import Action, Reach, Viewer, require, require_role, sees, visible_conversations
from crm_core.errors import Forbidden, NotFound
from crm_core.states import ConversationState, Role
from tests.support.factories import QUEUE_TEAMS, STAFF, Centre

MATRIX = Path(__file__).with_name("access_matrix.txt")
VIEWER, COLLEAGUE = 1, 2
ON_A_CONVERSATION = [
    Action.READ, Action.NOTE, Action.ACCEPT, Action.TAKE_OVER, Action.REPLY, Action.TRANSFER, Action.CLOSE,
    Action.ESCALATE, Action.SNOOZE, Action.WHISPER, Action.SETTLE_SEND, Action.EXPORT, Action.ERASE, Action.MERGE,
    Action.REOPEN, Action.SEND_TRANSCRIPT,
]  # fmt: skip
NEEDS_AN_AGENT = (ConversationState.OFFERED, ConversationState.ASSIGNED, ConversationState.WRAP_UP)
MAY_HAVE_AN_AGENT = (*NEEDS_AN_AGENT, ConversationState.SNOOZED, ConversationState.CLOSED)
# whose the conversation is: agent and queue, for a viewer of the team "service"
RELATIONS = {
    "own": (VIEWER, "service"),
    "own, other queue": (VIEWER, "billing"),
    "own, no queue": (VIEWER, None),
    "our queue": (COLLEAGUE, "service"),
    "other queue": (COLLEAGUE, "billing"),
    "no queue": (COLLEAGUE, None),
    "queue is gone": (COLLEAGUE, "abolished"),
}


def situations() -> list[tuple[Role, ConversationState, str]]:
    return [
        (role, state, relation)
        for role, state, relation in product(Role, ConversationState, RELATIONS)
        if not relation.startswith("own") or state in MAY_HAVE_AN_AGENT
    ]


def conversation_in(state: ConversationState, relation: str) -> models.Conversation:
    agent_id, queue_key = RELATIONS[relation]
    return models.Conversation(
        state=state.value, queue_key=queue_key, agent_id=agent_id if state in MAY_HAVE_AN_AGENT else None
    )


def may(reach: Reach, action: Action, conversation: models.Conversation) -> bool | None:
    """None for what the viewer may not even know of."""
    try:
        require(reach, action, conversation)
    except NotFound:
        return None
    except Forbidden:
        return False
    return True


def line_of(role: Role, state: ConversationState, relation: str) -> str:
    reach = Reach(Viewer(VIEWER, role, frozenset({"service"}), "Elena"), QUEUE_TEAMS)
    verdicts = {action: may(reach, action, conversation_in(state, relation)) for action in ON_A_CONVERSATION}
    if None in verdicts.values():
        assert set(verdicts.values()) == {None}, "either all of it is hidden or nothing"
        return f"{role:<10} {state:<8} {relation:<16} | does not exist"
    allowed = " ".join(action for action, verdict in verdicts.items() if verdict)
    return f"{role:<10} {state:<8} {relation:<16} | {allowed}"


def test_the_rules_give_the_committed_matrix() -> None:
    assert [line_of(*situation) for situation in situations()] == MATRIX.read_text().splitlines()


@pytest.mark.parametrize("name", [full_name.split()[0].lower() for full_name in STAFF])
async def test_a_list_holds_exactly_what_may_be_read_one_by_one(centre: Centre, name: str) -> None:
    """The rule in SQL and the rule in Python are one rule."""
    reach, number = centre.reach(name), 0
    agents = [None, centre.staff["elena"], centre.staff["olga"], centre.staff["grace"]]
    for state, agent_id, queue in product(ConversationState, agents, (None, "service", "billing", "abolished")):
        if (agent_id is None and state in NEEDS_AN_AGENT) or (agent_id and state not in MAY_HAVE_AN_AGENT):
            continue
        number += 1
        received = await centre.write(who=f"v{number}")
        await centre.put_into(received.conversation_id, state, agent_id, queue)
    async with centre.sessions() as session:
        listed = set(await session.scalars(select(models.Conversation.id).where(visible_conversations(reach))))
    readable = {row.id for row in await centre.rows(models.Conversation) if sees(reach, row)}
    assert listed == readable
    assert readable, "the comparison compares something"


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        (Action.SUPERVISE, {Role.SUPERVISOR, Role.ADMIN}),
        (Action.EXPORT, {Role.SUPERVISOR, Role.ADMIN}),
        (Action.MERGE, {Role.LEAD, Role.SUPERVISOR, Role.ADMIN}),
        (Action.ERASE, {Role.ADMIN}),
        (Action.ADMINISTER, {Role.ADMIN}),
        (Action.REPLY, set()),
        (Action.READ, set()),
    ],
)
def test_what_concerns_no_conversation_goes_by_role(action: Action, roles: set[Role]) -> None:
    for role in Role:
        viewer = Viewer(VIEWER, role, frozenset({"service"}), "Elena")
        if role in roles:
            require_role(viewer, action)
        else:
            with pytest.raises(Forbidden):
                require_role(viewer, action)


def test_who_is_in_no_team_serves_no_queue() -> None:
    assert Reach(Viewer(VIEWER, Role.AGENT, frozenset(), "New"), QUEUE_TEAMS).queues == frozenset()
    assert Reach(Viewer(VIEWER, Role.AGENT, frozenset({"service"}), "Elena"), QUEUE_TEAMS).queues == {"service"}


def test_a_viewer_without_any_queues_known_sees_their_own_only() -> None:
    reach = Reach(Viewer(VIEWER, Role.AGENT, frozenset({"service"}), "Elena"))
    assert sees(reach, conversation_in(ConversationState.ASSIGNED, "own"))
    assert not sees(reach, conversation_in(ConversationState.QUEUED, "our queue"))
