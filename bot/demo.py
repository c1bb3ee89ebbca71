"""The sample company and its staff, for a first look; only under `--demo`."""

import json
import os
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from config.settings import Settings
from crm_core import models
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.erp.sample import load_sample
from crm_core.staff import NewUser, create_user
from crm_core.states import Role

STAFF = (
    ("elena@demo.example", "Elena Moreno", Role.AGENT, ("service", "claims"), "es"),
    ("pavel@demo.example", "Павел Орлов", Role.AGENT, ("service", "billing"), "ru"),
    ("grace@demo.example", "Grace Hill", Role.SUPERVISOR, ("service", "claims", "billing"), "en"),
)


@dataclass(frozen=True, slots=True)
class DemoAgent:
    email: str
    password: str
    role: str


async def ensure_demo(settings: Settings, sessions: Sessions) -> list[DemoAgent]:
    """Load the sample once and make the demo staff once; their generated passwords lie in var/demo.json (0600)."""
    passwords = _passwords(settings)
    async with unit_of_work(sessions) as session:
        now = utc_now()
        await load_sample(session, now.date())
        known = set((await session.scalars(select(models.User.email))).all())
        for email, name, role, teams, language in STAFF:
            if email not in known:
                new = NewUser(email, name, role, teams, language, passwords[email])
                await create_user(session, now, new)
    return [DemoAgent(email, passwords[email], role.value) for email, _, role, _, _ in STAFF]


def _passwords(settings: Settings) -> dict[str, str]:
    path = settings.var_dir / "demo.json"
    if path.exists():
        stored: dict[str, str] = json.loads(path.read_text())
        return stored
    made = {email: secrets.token_urlsafe(12) for email, *_ in STAFF}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file)
    return made
