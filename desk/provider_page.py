"""Single sign-on: out to the provider, and back with a proof."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict

import structlog
from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from crm_core.audit import AuditAction, Deed, append
from crm_core.db import unit_of_work
from crm_core.errors import NotFound
from crm_core.events import SYSTEM, Actor
from crm_core.oidc import Begun, OidcProvider, OutsidePerson, ProofRefused, ProviderAway
from crm_core.outside_people import SignIn, SignInRules, sign_in
from desk.answers import reader_language, route_class
from desk.entry import Filled, entry_form, welcome
from desk.guard import cookie_name, drop_cookie, safe_next, set_cookie
from desk.services import Desk
from desk.trail import source_of

log = structlog.get_logger(__name__)

PROVIDER_COOKIE = "switchboard-provider"
VALID_S = 600
MOST_CHARACTERS = 4096


def provider_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/login/provider")
    async def leave(request: Request) -> Response:
        target = safe_next(request.query_params.get("next"))
        try:
            begun = await _provider(desk).begin()
        except (ProviderAway, ProofRefused) as error:
            log.warning("desk.provider_away", error=str(error))
            return _refused(desk, request, "away", 503)
        response = RedirectResponse(begun.address, 303)
        kept = json.dumps(asdict(begun) | {"next": target}).encode()
        set_cookie(desk, response, _cipher(desk).encrypt(kept).decode(), PROVIDER_COOKIE)
        return response

    @router.get("/desk/login/provider/back")
    async def come_back(request: Request) -> Response:
        provider, kept = _provider(desk), _kept(desk, request)
        given = request.query_params
        if kept is None or not hmac.compare_digest(given.get("state", "").encode(), kept["state"].encode()):
            return _refused(desk, request, "over", 403)
        code = given.get("code", "")[:MOST_CHARACTERS]
        if not code:
            return _refused(desk, request, "refused", 403)
        begun = Begun(kept["address"], kept["state"], kept["nonce"], kept["verifier"])
        try:
            person = await provider.finish(begun, code)
        except (ProviderAway, ProofRefused) as error:
            log.warning("desk.provider_refused", error=str(error))
            return _refused(desk, request, "away" if isinstance(error, ProviderAway) else "failed", error.status)
        return await _enter(desk, request, person, safe_next(kept["next"]))

    return router


def _provider(desk: Desk) -> OidcProvider:
    settings = desk.services.settings.oidc
    if settings.issuer is None:
        raise NotFound("There is no sign-in provider.")
    return OidcProvider(settings, f"{desk.origin}/desk/login/provider/back")


def _cipher(desk: Desk) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(desk.services.key, b"provider", hashlib.sha256)))


def _kept(desk: Desk, request: Request) -> Mapping[str, str] | None:
    """What this browser was sent out with, at most ten minutes ago."""
    cookie = request.cookies.get(cookie_name(desk, PROVIDER_COOKIE), "")
    try:
        kept: dict[str, str] = json.loads(_cipher(desk).decrypt(cookie.encode(), ttl=VALID_S))
    except (InvalidToken, ValueError):
        return None
    return kept


async def _enter(desk: Desk, request: Request, person: OutsidePerson, target: str) -> Response:
    now, oidc = desk.services.now(), desk.services.settings.oidc
    rules = SignInRules(oidc.domains, oidc.create_role, oidc.create_teams, reader_language(request))
    async with unit_of_work(desk.services.sessions) as session:
        done = await sign_in(session, now, person, rules, request.headers.get("user-agent", ""))
        await append(session, now, _deed(done, source_of(request)))
    if done.session is None:
        return _refused(desk, request, done.outcome.value, 403)
    response = await welcome(desk, request, done.session, target)
    drop_cookie(desk, response, PROVIDER_COOKIE)
    return response


def _deed(done: SignIn, source: str | None) -> Deed:
    if done.session is None:
        return Deed(AuditAction.LOGIN_REFUSED, SYSTEM, None, source, {"how": "provider", "why": done.outcome.value})
    actor = Actor.agent(done.session.viewer.user_id)
    return Deed(AuditAction.LOGGED_IN, actor, None, source, {"how": "provider"})


def _refused(desk: Desk, request: Request, why: str, status: int) -> Response:
    """The log-in page with a sentence; this attempt is over."""
    sentence = desk.words(reader_language(request))(f"sign_in.{why}", name=desk.services.settings.oidc.name)
    response = entry_form(desk, request, "entry/login.html", Filled(sentence), status=status)
    drop_cookie(desk, response, PROVIDER_COOKIE)
    return response
