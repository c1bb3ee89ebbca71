"""Visitors' tokens, and what a shop may prove about its customer."""

import hashlib
import hmac
import time

import jwt
import pytest

from channels.webchat_identity import IdentityCheck, Visitor, VisitorTokens
from crm_core.contracts import Identity
from crm_core.errors import SetupRequired, Unauthenticated
from tests.support.chat_fake import SECRET

CHECK = IdentityCheck("web", SECRET)
TOKENS = VisitorTokens(b"k" * 32)


def claims(**changes: object) -> dict[str, object]:
    return {"sub": "C-7", "aud": "web", "exp": int(time.time()) + 600, "email": "anna@example.com"} | changes


def signed(key: bytes = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    return jwt.encode({name: value for name, value in claims(**changes).items() if value is not None}, key, algorithm)


def test_a_signed_identity_is_taken_over() -> None:
    assert CHECK.from_jwt(signed(name="Anna")) == Identity("C-7", email="anna@example.com", name="Anna")


def test_an_audience_among_several_is_enough() -> None:
    assert CHECK.from_jwt(signed(aud=["desk", "web"])).customer_ref == "C-7"


@pytest.mark.parametrize(
    "token",
    [
        signed(b"another secret that is long enough to sign"),
        signed(algorithm="HS512"),
        signed(exp=int(time.time()) - 1),
        signed(exp=None),
        signed(exp=int(time.time()) + 7200),
        signed(aud="other"),
        signed(aud=None),
        signed(sub=None),
        signed(sub=""),
        signed(sub="  "),
        signed(sub="C-\x007"),
        jwt.encode(claims(), None, "none"),
        signed()[:-2],
        "",
        "a.b.c",
        "🦊",
        "." * 5000,
    ],
)  # fmt: skip
def test_any_other_identity_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        CHECK.from_jwt(token)


def test_a_user_id_with_its_hash_proves_the_id_alone() -> None:
    signature = hmac.digest(SECRET, b"C-7", hashlib.sha256).hex()
    assert CHECK.from_hmac("C-7", signature) == Identity("C-7")
    for user_id, wrong in [("C-8", signature), ("C-7", ""), ("C-7", signature.upper()), ("", signature), ("C-7", "ü")]:
        with pytest.raises(Unauthenticated):
            CHECK.from_hmac(user_id, wrong)


def test_a_secret_that_can_be_guessed_is_refused_at_start() -> None:
    with pytest.raises(SetupRequired, match="shorter than 32 bytes"):
        IdentityCheck("web", b"")


def test_anonymous_visitors_are_fresh_and_customers_are_the_same_everywhere() -> None:
    anna, boris = Identity("C-7"), Identity("C-8")
    assert TOKENS.new_visitor("web", None).id != TOKENS.new_visitor("web", None).id
    assert TOKENS.new_visitor("web", anna).id == TOKENS.new_visitor("web", anna).id
    assert len({TOKENS.new_visitor(inbox, who).id for inbox in ("web", "other") for who in (anna, boris)}) == 4
    assert VisitorTokens(b"x" * 32).new_visitor("web", anna).id != TOKENS.new_visitor("web", anna).id


def test_a_token_carries_the_visitor_and_the_proved_identity() -> None:
    visitor = Visitor("web", "v" * 32, Identity("C-7", email="anna@example.com", name="Анна"))
    assert TOKENS.read("web", TOKENS.issue(visitor)) == visitor


def test_a_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = TOKENS.issue(Visitor("web", "v" * 32, Identity("C-7")))
    later = time.time() + 25 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unauthenticated):
        TOKENS.read("web", token)
