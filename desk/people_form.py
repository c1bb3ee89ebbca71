"""The form about a colleague: read by the names we know, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.errors import InvalidInput
from crm_core.people_admin import LEVELS, Profile
from crm_core.states import Role
from desk.services import Desk
from desk.views import Option
from desk.words import LANGUAGES, Words


@dataclass(frozen=True, slots=True)
class Level:
    """A skill or language with what is chosen: 0 for none."""

    field: str
    name: str
    chosen: int


@dataclass(frozen=True, slots=True)
class PersonForm:
    name: str
    roles: tuple[Option, ...]
    teams: tuple[Option, ...]
    levels: tuple[Level, ...]
    capacity: int


def teams_of(desk: Desk) -> list[str]:
    return sorted({team for queue in desk.services.business.queues.queues for team in queue.teams})


def skills_of(desk: Desk) -> list[str]:
    queues = desk.services.business.queues.queues
    return sorted({skill for queue in queues for skill in (*queue.skills, *queue.intent_skills.values())})


def profile_of(desk: Desk, fields: Mapping[str, str], own_teams: Sequence[str] = ()) -> Profile:
    """`own_teams` they are in may be of no queue any more. Raises InvalidInput."""
    try:
        role, capacity = Role(fields.get("role", "")), int(fields.get("capacity", "5"))
    except ValueError as error:
        raise InvalidInput("Choose a role, and a number of contacts at once.") from error
    teams = [team for team in sorted({*teams_of(desk), *own_teams}) if fields.get(f"team_{team}")]
    languages = _levels(fields, "language", LANGUAGES)
    return Profile(
        fields.get("name", "").strip(), role, teams, capacity, languages, _levels(fields, "skill", skills_of(desk))
    )  # fmt: skip


def _levels(fields: Mapping[str, str], kind: str, names: list[str] | tuple[str, ...]) -> dict[str, int]:
    given = {name: fields.get(f"{kind}_{name}", "") for name in names}
    known = {str(level): level for level in LEVELS}
    return {name: known[level] for name, level in given.items() if level in known}


def person_form(desk: Desk, words: Words, profile: Profile) -> PersonForm:
    languages = (
        Level(f"language_{code}", words(f"languages.{code}"), profile.languages.get(code, 0)) for code in LANGUAGES
    )
    skills = (
        Level(f"skill_{name}", name.replace("_", " "), profile.skills.get(name, 0)) for name in skills_of(desk)
    )  # fmt: skip
    known = sorted({*teams_of(desk), *profile.teams})
    return PersonForm(
        profile.name, tuple(Option(role, words(f"roles.{role}"), role is profile.role) for role in Role),
        tuple(Option(team, team, team in profile.teams) for team in known), (*languages, *skills), profile.capacity,
    )  # fmt: skip
