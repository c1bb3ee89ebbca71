"""A browser without a screen: keeps cookies, knows the token of its page, logs in."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from crm_core.staff import NewUser
from crm_core.states import Role

PASSWORD = "correct horse battery staple"
BASE = "http://desk.test"
STAFF = {
    "elena": NewUser(
        "elena@oslo.example", "Elena Moreno", Role.AGENT, ("service", "claims", "billing"), "en", PASSWORD
    ),
    "pavel": NewUser("pavel@oslo.example", "Павел Орлов", Role.AGENT, ("service", "claims"), "ru", PASSWORD),
    "other": NewUser("other@oslo.example", "Olga Other", Role.AGENT, ("logistics",), "en", PASSWORD),
    "lev": NewUser("lev@oslo.example", "Lev Lead", Role.LEAD, ("claims",), "en", PASSWORD),
    "grace": NewUser("grace@oslo.example", "Grace Hill", Role.SUPERVISOR, (), "es", PASSWORD),
}


@dataclass
class Clock:
    """Time that a test can move."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


def hidden_field(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, name
    return found[1]


@dataclass
class Browser:
    """A client that keeps cookies and knows its page's token."""

    http: httpx.AsyncClient
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def part(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"HX-Request": "true"})

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """As htmx sends it."""
        headers = {"X-CSRF-Token": self.csrf, "HX-Request": "true", "Origin": BASE, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, data=fields, headers=headers | self.headers)

    async def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        form = await self.http.get("/desk/login")
        token = hidden_field(form.text, "form_token")
        fields = {"email": STAFF[name].email, "password": password, "form_token": token}
        answer = await self.http.post("/desk/login", data=fields, headers={"Origin": BASE})
        if answer.status_code == 303:
            page = await self.http.get("/desk")
            found = re.search(r'"X-CSRF-Token":"([\w-]+)"', page.text)
            assert found is not None
            self.csrf = found[1]
        return answer

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)


LogIn = Callable[[str], Awaitable[Browser]]
