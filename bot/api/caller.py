"""Who calls: the key, what it may be used for, and how often."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.services import Api
from crm_core.access import Reach, Viewer
from crm_core.api_keys import viewer_of_key
from crm_core.db import unit_of_work
from crm_core.errors import Forbidden, RateLimited, Unauthenticated
from crm_core.states import Scope

BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="An API key, made at /desk/admin/keys.")
Given = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


@dataclass(frozen=True, slots=True)
class Caller:
    """A program during one request."""

    reach: Reach
    now: datetime
    source: str

    @property
    def key_id(self) -> int:
        key = self.reach.viewer.key
        return key.key_id if key else 0


class Door:
    """Lets in who has a key with one of `scopes`."""

    def __init__(self, api: Api, *scopes: Scope) -> None:
        self.api, self.scopes = api, scopes

    async def caller(self, request: Request, given: HTTPAuthorizationCredentials | None) -> Caller:
        """Raises Unauthenticated, RateLimited, Forbidden."""
        now, source = self.api.services.now(), request.client.host if request.client else "unknown"
        viewer = await self._viewer(request, given, source)
        key = viewer.key
        assert key is not None  # noqa: S101 - this is what keys give
        _count(self.api, request, f"key:{key.key_id}")
        if not key.scopes & set(self.scopes):
            wanted = " or ".join(self.scopes)
            raise Forbidden(f"This key lacks the scope {wanted}; ask an administrator for a key that has it.")
        return Caller(self.api.reach(viewer), now, source)

    async def _viewer(self, request: Request, given: HTTPAuthorizationCredentials | None, source: str) -> Viewer:
        services = self.api.services
        if given is None:
            raise Unauthenticated("Send your key in the header Authorization, as: Bearer sb_…")
        try:
            async with unit_of_work(services.sessions) as session:
                return await viewer_of_key(session, services.now(), given.credentials)
        except Unauthenticated:
            _count(self.api, request, f"stranger:{source}")
            raise


class Reads(Door):
    """A dependency: the caller."""

    async def __call__(self, request: Request, given: Given = None) -> Caller:
        return await self.caller(request, given)


def _count(api: Api, request: Request, key: str) -> None:
    """Raises RateLimited. What is left is told in headers either way."""
    wait_s, limits = api.limiter.take(key), api.services.settings.api
    left = api.limiter.left(key)
    full_s = math.ceil((limits.burst - left) / limits.per_s)
    request.state.limit = {
        "RateLimit-Limit": str(limits.burst), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(full_s),
    }  # fmt: skip
    if wait_s:
        request.state.limit["Retry-After"] = str(math.ceil(wait_s))
        raise RateLimited(f"Too many requests: {limits.per_s:g} a second, {limits.burst} at once. Wait a moment.")
