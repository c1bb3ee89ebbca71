"""A large contact centre, written straight into the tables: everybody busy, a long line, and one quiet queue."""

from itertools import count

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from config.routing_files import Policy, Queue
from crm_core.contracts import ConversationId
from crm_core.db import Sessions, unit_of_work
from crm_core.routing_rules import RoutingFiles

_numbers = count(1)
SKILLS = ("billing", "claims", "returns", "delivery")
LANGUAGES = ("en", "ru", "es")

_FILL = (
    "insert into inbox (key, channel, name, pulled) values ('web', 'webchat', 'Web', true)",
    """insert into app_user (email, name, role, teams, state, capacity, created_at, state_at, idle_since)
       select 'agent' || n, 'Agent ' || n, 'agent',
              case when n % 20 = 0 then '["quiet"]'::jsonb else '["service"]'::jsonb end,
              'available', 1, now(), now(), now() - n * interval '1 second' from generate_series(1, :agents) n""",
    """insert into agent_skill (user_id, kind, name, level)
       select id, 'skill', (array['billing', 'claims', 'returns', 'delivery'])[1 + (id + k) % 4], 1
       from app_user, generate_series(0, 2) k where k <= id % 3""",
    """insert into agent_skill (user_id, kind, name, level)
       select id, 'language', (array['en', 'ru', 'es'])[1 + (id / 7 + k) % 3], 5
       from app_user, generate_series(0, 1) k where k <= id % 2""",
    """insert into contact (created_at) select now() from generate_series(1, :agents + :waiting)""",
    """insert into conversation (contact_id, inbox_id, state, agent_id, queue_key, language, opened_at,
                                 last_message_at, state_at, queued_at)
       select u.id, (select id from inbox), 'assigned', u.id, 'service', 'en', now(), now(), now(), now()
       from app_user u where u.teams ? 'service'""",
    """insert into conversation (contact_id, inbox_id, state, queue_key, language, intent, opened_at, last_message_at,
                                 state_at, queued_at, route_by)
       select :agents + n, (select id from inbox), 'queued', 'service',
              (array['en', 'ru', 'es'])[1 + n % 3],
              (array['billing', 'claims', 'returns', 'delivery', null])[1 + (n / 3) % 5],
              now(), now(), now(), now(), now() + n * interval '0.1 second'
       from generate_series(1, :waiting) n""",
    "analyze",
)


def rules() -> RoutingFiles:
    """One crowded queue of many needs, one quiet."""
    crowded = {
        "key": "service", "name": {"en": "Service"}, "teams": ["service"], "offer_timeout_s": 600,
        "intent_skills": {skill: skill for skill in SKILLS}, "relax_skills_at_slack_s": 30, "last_agent_s": 0,
    }  # fmt: skip
    quiet = {"key": "quiet", "name": {"en": "Quiet"}, "teams": ["quiet"], "offer_timeout_s": 600}
    policy = {"key": "standard", "first_response": {"chat_s": 120}}
    queues = [Queue.model_validate(each) for each in (crowded, quiet)]
    return RoutingFiles(queues, [], [Policy.model_validate(policy)])


async def fill(session: AsyncSession, agents: int, waiting: int) -> list[int]:
    """Write it all; the agents of the crowded queue, who hold one conversation each."""
    for statement in _FILL:
        names = {name: number for name, number in (("agents", agents), ("waiting", waiting)) if f":{name}" in statement}
        await session.execute(text(statement), names)
    found = await session.scalars(text("select id from app_user where teams ? 'service' order by id"))
    return [int(agent_id) for agent_id in found]


async def next_customer(sessions: Sessions) -> ConversationId:
    """Somebody new who talks to the bot."""
    async with unit_of_work(sessions) as session:
        contact = await session.scalar(text("insert into contact (created_at) values (now()) returning id"))
        statement = text(
            "insert into conversation"
            " (contact_id, inbox_id, thread_key, language, opened_at, last_message_at, state_at)"
            " values (:contact, (select id from inbox), :thread, 'en', now(), now(), now()) returning id"
        )
        row = await session.scalar(statement, {"contact": contact, "thread": f"t{next(_numbers)}"})
        return ConversationId(int(row or 0))
