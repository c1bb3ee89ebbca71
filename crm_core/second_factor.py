"""The second factor of staff: a time-based code (RFC 6238) from an app, and recovery codes for a day without it."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.fernet import Fernet, InvalidToken
from pyotp import TOTP, random_base32
from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.attempts import attempt_subject, count_attempts, note_attempt
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import UserId
from crm_core.errors import Conflict
from crm_core.events import Actor
from crm_core.models_sign_in import RecoveryCode, SecondFactor
from crm_core.staff import FAILURES_BY_EMAIL, FAILURES_WINDOW

STEP_S = 30
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_HALF = 5
_ATTEMPT = "second_factor"


class CodeOutcome(StrEnum):
    """A value, not an exception: a refused try must be committed to be counted."""

    OK = "ok"
    RECOVERY = "recovery"
    WRONG = "wrong"
    TOO_MANY = "too_many"

    @property
    def is_right(self) -> bool:
        return self in (CodeOutcome.OK, CodeOutcome.RECOVERY)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose factor it is; `name` is what their app shows beside the company's."""

    user_id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`secret` for typing, `address` (otpauth://) for the picture that an app reads."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class FactorState:
    is_on: bool
    codes_left: int


async def factor_state(session: AsyncSession, user_id: int) -> FactorState:
    confirmed = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    left = select(func.count()).where(RecoveryCode.user_id == user_id)
    return FactorState(await session.scalar(confirmed) is not None, await session.scalar(left) or 0)


async def begin_enrolment(
    session: AsyncSession, now: datetime, person: Person, company: str, key: bytes
) -> Enrolment:  # fmt: skip
    """A new secret, which counts for nothing until its first code was given. Raises Conflict where one counts."""
    if (await factor_state(session, person.user_id)).is_on:
        raise Conflict("A second factor is set up already.")
    secret = random_base32()
    values = {"secret": _cipher(key).encrypt(secret.encode()), "created_at": now, "last_step": 0}
    row = insert_or(SecondFactor).values(user_id=person.user_id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return Enrolment(secret, TOTP(secret).provisioning_uri(name=person.name, issuer_name=company))


async def pending_enrolment(session: AsyncSession, person: Person, company: str, key: bytes) -> Enrolment | None:
    """What was begun and not confirmed, to be shown again after a wrong code."""
    row = await _factor(session, person.user_id)
    secret = _secret(row, key) if row is not None and row.confirmed_at is None else None
    return Enrolment(secret, TOTP(secret).provisioning_uri(name=person.name, issuer_name=company)) if secret else None


async def confirm_enrolment(
    session: AsyncSession, now: datetime, user_id: UserId, code: str, key: bytes
) -> list[str] | None:  # fmt: skip
    """The recovery codes, shown this once; None for a wrong code. Raises Conflict when nothing was begun."""
    row = await _factor(session, user_id)
    if row is None or row.confirmed_at is not None:
        raise Conflict("No second factor is being set up.")
    step = _step_of(row, now, code, key)
    if step is None:
        return None
    row.confirmed_at, row.last_step = now, step
    await session.flush()
    codes = await _new_codes(session, user_id, key)
    await _audit(session, now, user_id, "second_factor_on")
    return codes


async def check_code(session: AsyncSession, now: datetime, user_id: UserId, code: str, key: bytes) -> CodeOutcome:
    """Whether `code` is one of the app, not used before, or a recovery code, which is spent by this."""
    row = await _factor(session, user_id)  # locked: two tries at once wait for one another
    subject = attempt_subject(key, _ATTEMPT, str(user_id))
    if await count_attempts(session, _ATTEMPT, subject, now - FAILURES_WINDOW) >= FAILURES_BY_EMAIL:
        return CodeOutcome.TOO_MANY
    step = _step_of(row, now, code, key) if row is not None and row.confirmed_at is not None else None
    if row is not None and step is not None:
        row.last_step = step
        await session.flush()
        return CodeOutcome.OK
    if row is not None and await _spend(session, user_id, code, key):
        return CodeOutcome.RECOVERY
    await note_attempt(session, now, _ATTEMPT, subject)
    return CodeOutcome.WRONG


async def renew_codes(session: AsyncSession, now: datetime, user_id: UserId, key: bytes) -> list[str]:
    """Ten new ones; those before end."""
    codes = await _new_codes(session, user_id, key)
    await _audit(session, now, user_id, "recovery_codes_renewed")
    return codes


async def turn_off(session: AsyncSession, now: datetime, user_id: UserId) -> None:
    """After a right code."""
    await forget_factor(session, user_id)
    await _audit(session, now, user_id, "second_factor_off")


async def forget_factor(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


async def _factor(session: AsyncSession, user_id: int) -> SecondFactor | None:
    return await session.get(SecondFactor, user_id, with_for_update=True, populate_existing=True)


def _step_of(row: SecondFactor, now: datetime, code: str, key: bytes) -> int | None:
    """The step whose code it is: this one or a neighbour, as clocks differ, and later than any that was taken."""
    secret, given = _secret(row, key), "".join(code.split())
    if secret is None:
        return None
    clock, this = TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    steps = (step for step in (this - 1, this, this + 1) if step > row.last_step)
    return next((step for step in steps if _is_same(clock.generate_otp(step), given)), None)


def _is_same(code: str, given: str) -> bool:
    return hmac.compare_digest(code.encode(), given.encode(errors="replace"))


def _secret(row: SecondFactor, key: bytes) -> str | None:
    """None where it was encrypted under another key: then only a reset helps."""
    try:
        return _cipher(key).decrypt(row.secret).decode()
    except InvalidToken:
        return None


def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(key, b"second factor", hashlib.sha256)))


async def _new_codes(session: AsyncSession, user_id: int, key: bytes) -> list[str]:
    codes = ["-".join(_letters() for _ in range(2)) for _ in range(RECOVERY_CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": _code_hash(key, user_id, code)} for code in codes]
    await session.execute(insert(RecoveryCode), rows)
    return codes


def _letters() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_HALF))


async def _spend(session: AsyncSession, user_id: int, code: str, key: bytes) -> bool:
    own = RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _code_hash(key, user_id, code)
    return await session.scalar(delete(RecoveryCode).where(*own).returning(RecoveryCode.user_id)) is not None


def _code_hash(key: bytes, user_id: int, code: str) -> bytes:
    """Fast on purpose: ten letters chosen by us cannot be guessed from it."""
    plain = "".join(code.lower().replace("-", "").split())
    return hmac.digest(key, f"recovery:{user_id}:{plain}".encode(errors="replace"), hashlib.sha256)


async def _audit(session: AsyncSession, now: datetime, user_id: int, how: str) -> None:
    deed = Deed(AuditAction.PERSON_CHANGED, Actor.agent(user_id), f"user:{user_id}", detail={"how": how})
    await append(session, now, deed)
