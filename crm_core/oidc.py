"""Sign-in at a provider by OpenID Connect: the code flow with PKCE, state and nonce; nothing is believed unchecked."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from config.settings import OidcSettings
from crm_core.errors import Forbidden, Unavailable

SCOPE = "openid email profile"
LEEWAY_S = 60
_RANDOM_BYTES = 32


class ProviderAway(Unavailable):
    code = "provider_away"


class ProofRefused(Forbidden):
    """What came back proves nothing. Its text is for our log alone, and holds no words of the provider's."""

    code = "proof_refused"


@dataclass(frozen=True, slots=True)
class Begun:
    """What must come back unchanged, and what only we know; `address` is where the browser goes."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class OutsidePerson:
    """Who the provider says it was. `subject` is its own id for them; without `is_verified` the address is hearsay."""

    issuer: str
    subject: str
    email: str = ""
    is_verified: bool = False
    name: str = ""


class OidcProvider:
    """One provider; it is asked anew each time where its doors are and which keys it has."""

    def __init__(
        self, settings: OidcSettings, redirect_uri: str, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._settings, self._redirect_uri, self._transport = settings, redirect_uri, transport

    async def begin(self) -> Begun:
        """Raises ProviderAway."""
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        async with self._client() as client:
            doors = await self._doors(client)
            address, _ = client.create_authorization_url(
                doors["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return Begun(address, state, nonce, verifier)

    async def finish(self, begun: Begun, code: str) -> OutsidePerson:
        """Raises ProviderAway, ProofRefused."""
        async with self._client() as client:
            doors = await self._doors(client)
            token = await self._token(client, doors["token_endpoint"], begun, code)
            claims = await self._checked(client, doors, token, begun.nonce)
            if "email" not in claims and "userinfo_endpoint" in doors:
                claims |= await self._more(client, doors["userinfo_endpoint"], claims["sub"])
        return _person(doors["issuer"], claims)

    async def _token(self, client: AsyncOAuth2Client, url: str, begun: Begun, code: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                told: dict[str, Any] = await client.fetch_token(
                    url, code=code, code_verifier=begun.verifier, grant_type="authorization_code"
                )
        except AuthlibBaseError as error:
            raise ProofRefused(f"The code was not taken: {type(error).__name__}.") from error
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            raise ProviderAway("The provider does not answer.") from error
        return told

    def _client(self) -> AsyncOAuth2Client:
        secret = self._settings.client_secret
        return AsyncOAuth2Client(
            self._settings.client_id, secret.get_secret_value() if secret else None, scope=SCOPE,
            redirect_uri=self._redirect_uri, code_challenge_method="S256", timeout=self._settings.timeout_s,
            transport=self._transport, leeway=0,
        )  # fmt: skip

    async def _doors(self, client: AsyncOAuth2Client) -> dict[str, Any]:
        """Its own description, which must name the issuer we were told to trust."""
        issuer = str(self._settings.issuer).rstrip("/")
        doors = await self._json(client, f"{issuer}/.well-known/openid-configuration")
        if str(doors.get("issuer", "")).rstrip("/") != issuer:
            raise ProofRefused("The provider calls itself by another name.")
        return doors

    async def _json(self, client: AsyncOAuth2Client, url: str, *, with_token: bool = False) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                answer = await client.request("GET", url, withhold_token=not with_token)
            answer.raise_for_status()
            told = answer.json()
        except (httpx2.HTTPError, AuthlibBaseError, TimeoutError, ValueError) as error:
            raise ProviderAway("The provider does not answer.") from error
        if not isinstance(told, dict):
            raise ProviderAway("The provider answers with something else.")
        return told

    async def _checked(
        self, client: AsyncOAuth2Client, doors: dict[str, Any], token: dict[str, Any], nonce: str
    ) -> dict[str, Any]:
        """Signed by a key of the issuer with the one algorithm we agreed on; for us, for this log-in, for now."""
        keys = await self._json(client, doors["jwks_uri"])
        expected = {"iss": {"essential": True, "value": doors["issuer"]}, "aud": {"value": self._settings.client_id}}
        known = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": token.get("access_token")}
        try:
            algorithms = [self._settings.algorithm]
            decoded = jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set(keys), algorithms=algorithms)  # type: ignore[arg-type]
            proved = CodeIDToken(decoded.claims, decoded.header, options=expected, params=known)
            proved.validate(leeway=LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise ProofRefused(f"The token is not good: {type(error).__name__}.") from error
        return dict(decoded.claims)

    async def _more(self, client: AsyncOAuth2Client, url: str, subject: object) -> dict[str, Any]:
        """Of the same person (OpenID Connect Core 5.3.2), and never who they are."""
        told = await self._json(client, url, with_token=True)
        if told.get("sub") != subject:
            raise ProofRefused("The provider tells about somebody else.")
        return {name: told[name] for name in ("email", "email_verified", "name") if name in told}


def _person(issuer: str, claims: dict[str, Any]) -> OutsidePerson:
    subject, email, name = (claims.get(key) for key in ("sub", "email", "name"))
    if not isinstance(subject, str) or not subject:
        raise ProofRefused("The token names nobody.")
    return OutsidePerson(
        issuer, subject, email if isinstance(email, str) else "", claims.get("email_verified") is True,
        name if isinstance(name, str) else "",
    )  # fmt: skip
