"""Passwords of staff: argon2id, checked off the event loop, with the same work for a user that does not exist."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from crm_core.errors import InvalidInput
from crm_core.plain_text import is_storable

FEWEST_CHARACTERS, MOST_CHARACTERS = 10, 200
LEAST_SCORE = 3
# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


def check_strength(password: str, *known: str) -> None:
    """Raises InvalidInput, saying what to do; `known` are words an attacker would try first (name, e-mail)."""
    if len(password) < FEWEST_CHARACTERS:
        raise InvalidInput(f"Use at least {FEWEST_CHARACTERS} characters; a short sentence is easy to remember.")
    if len(password) > MOST_CHARACTERS:
        raise InvalidInput(f"Use at most {MOST_CHARACTERS} characters.")
    if not is_storable(password):
        raise InvalidInput("Use characters that can be typed.")
    if zxcvbn(password[:72], user_inputs=list(known))["score"] < LEAST_SCORE:
        raise InvalidInput("This password is easy to guess: add a few words that have nothing to do with each other.")


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_HASHER.hash, password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether `password` is the one; without a hash the same time is spent for the answer no."""

    def verify() -> bool:
        try:
            return _HASHER.verify(password_hash or _NOBODY, password) and bool(password_hash)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    return await asyncio.to_thread(verify)
