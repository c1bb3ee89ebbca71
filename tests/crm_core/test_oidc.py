"""What a provider, or somebody between, may send back: everything but the one right proof is refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import HttpUrl, SecretStr, ValidationError

from config.settings import OidcSettings
from crm_core.oidc import Begun, OidcProvider, OutsidePerson, ProofRefused, ProviderAway

ISSUER, CLIENT, BACK = "https://id.example", "switchboard", "https://desk.example/back"
OURS = RSAKey.generate_key(2048, {"kid": "1"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "1"})
SETTINGS = OidcSettings(issuer=HttpUrl(ISSUER), client_id=CLIENT, client_secret=SecretStr("a secret"))
BEGUN = Begun("", "the state", "the nonce", "the verifier" * 4)
ANN = OutsidePerson(ISSUER, "ann", "ann@oslo.example", is_verified=True, name="Ann")


def claims(**changed: object) -> dict[str, Any]:
    now = int(time.time())
    right = {
        "iss": ISSUER, "sub": "ann", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": BEGUN.nonce,
        "email": "ann@oslo.example", "email_verified": True, "name": "Ann",
    }  # fmt: skip
    return {name: value for name, value in (right | changed).items() if value is not None}


def signed(key: RSAKey = OURS, algorithm: str = "RS256", **changed: object) -> str:
    return jwt.encode({"alg": algorithm, "kid": "1"}, claims(**changed), key, algorithms=[algorithm])


@dataclass
class Double:
    """A provider at the transport; a test changes what it says."""

    token: str = field(default_factory=signed)
    doors: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx2.Response(200, json=self._doors())
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": [OURS.as_dict(private=False)]})
        if request.url.path == "/userinfo":
            return httpx2.Response(200, json=self.more)
        self.asked.append(parse_qs(request.content.decode()))
        told = {"access_token": "a", "token_type": "Bearer", "id_token": self.token, "expires_in": 60}
        return httpx2.Response(self.status, json=told if self.status == 200 else {"error": "invalid_grant"})

    def _doors(self) -> dict[str, Any]:
        right = {
            "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys", "userinfo_endpoint": f"{ISSUER}/userinfo",
        }  # fmt: skip
        return right | self.doors

    async def finish(self) -> OutsidePerson:
        return await OidcProvider(SETTINGS, BACK, httpx2.MockTransport(self.answer)).finish(BEGUN, "the code")


async def test_the_right_proof_names_the_person_and_our_verifier_is_sent() -> None:
    double = Double()
    assert await double.finish() == ANN
    assert double.asked[0]["code_verifier"] == [BEGUN.verifier]
    assert double.asked[0]["redirect_uri"] == [BACK]


def by_hand(algorithm: str, sign: Callable[[bytes], bytes]) -> str:
    """What no library signs any more."""
    head, body = (_base64(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": "1"}, claims()))
    return f"{head}.{body}.{_base64(sign(f'{head}.{body}'.encode()))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def with_the_public_key(content: bytes) -> bytes:
    """HS/RS confusion: what everybody may read taken for a shared secret."""
    return hmac.digest(OURS.as_pem(private=False), content, hashlib.sha256)


FORGERIES: dict[str, Callable[[], str]] = {
    "no signature": lambda: by_hand("none", lambda _: b""),
    "no signature, written otherwise": lambda: by_hand("None", lambda _: b""),
    "the public key as a secret": lambda: by_hand("HS256", with_the_public_key),
    "another key": lambda: signed(FOREIGN),
    "another algorithm": lambda: signed(algorithm="RS512"),
    "another issuer": lambda: signed(iss="https://evil.example"),
    "no issuer": lambda: signed(iss=None),
    "for another client": lambda: signed(aud="shop"),
    "for several, made for another": lambda: signed(aud=[CLIENT, "shop"], azp="shop"),
    "for nobody": lambda: signed(aud=None),
    "another nonce": lambda: signed(nonce="guess"),
    "no nonce": lambda: signed(nonce=None),
    "over": lambda: signed(exp=int(time.time()) - 120),
    "never over": lambda: signed(exp=None),
    "from tomorrow": lambda: signed(iat=int(time.time()) + 86_400, nbf=int(time.time()) + 86_400),
    "of nobody": lambda: signed(sub=None),
    "of a number": lambda: signed(sub=1),
    "for another access token": lambda: signed(at_hash="guess"),
    "changed afterwards": lambda: signed()[:-6] + "AAAAAA",
    "no token": lambda: "",
    "no token at all": lambda: "a.b.c",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_proof_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(ProofRefused) as refused:
        await Double(forge()).finish()
    assert "ann" not in str(refused.value)


async def test_a_code_that_the_provider_refuses_proves_nothing() -> None:
    with pytest.raises(ProofRefused):
        await Double(status=400).finish()


@pytest.mark.parametrize("doors", [{"issuer": "https://evil.example"}, {"issuer": None}])
async def test_a_provider_that_calls_itself_otherwise_is_refused(doors: dict[str, Any]) -> None:
    with pytest.raises(ProofRefused):
        await Double(doors=doors).finish()


@pytest.mark.parametrize("verified", ["true", 1, None, False, "yes"])
async def test_only_a_plain_yes_verifies_an_address(verified: object) -> None:
    assert not (await Double(signed(email_verified=verified)).finish()).is_verified


async def test_what_the_token_leaves_out_is_asked_for_of_the_same_person_only() -> None:
    token = signed(email=None, email_verified=None, name=None)
    told = {"sub": "ann", "email": "ann@oslo.example", "email_verified": True, "name": "Ann"}
    assert await Double(token, more=told).finish() == ANN
    with pytest.raises(ProofRefused):
        await Double(token, more=told | {"sub": "eve"}).finish()


async def test_a_provider_that_answers_nonsense_is_away() -> None:
    def nonsense(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text="<html>")

    with pytest.raises(ProviderAway):
        await OidcProvider(SETTINGS, BACK, httpx2.MockTransport(nonsense)).begin()


@pytest.mark.parametrize(
    "given", [{"issuer": "http://id.example"}, {"client_id": ""}, {"client_secret": None}, {"algorithm": "none"}]
)
def test_settings_that_would_be_open_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OidcSettings.model_validate({"issuer": ISSUER, "client_id": CLIENT, "client_secret": "x", **given})
