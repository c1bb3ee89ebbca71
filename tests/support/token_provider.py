"""An OAuth 2.0 provider for mailboxes: gives access tokens for refresh tokens (RFC 6749 §6) and tells mail servers
whose they are (RFC 7662)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Form
from fastapi.responses import JSONResponse

from tests.support.mail_stack import wait_for


@dataclass
class TokenProvider:
    """`refresh_tokens` by account; `given` counts what was fetched, `life_s` is what new tokens are said to last."""

    port: int
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    given: int = 0
    life_s: int = 3600

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def consent(self, account: str) -> str:
        """The refresh token of somebody who just said yes."""
        refresh = token_hex(16)
        self.refresh_tokens[refresh] = account
        return refresh

    def withdraw(self) -> None:
        """Nobody's tokens are worth anything from here on."""
        self.refresh_tokens.clear()
        self.accounts.clear()

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/token")
        async def token(refresh_token: Annotated[str, Form()], grant_type: Annotated[str, Form()]) -> JSONResponse:
            account = self.refresh_tokens.get(refresh_token)
            if grant_type != "refresh_token" or account is None:
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            access, self.given = token_hex(16), self.given + 1
            self.accounts[access] = account
            return JSONResponse({"access_token": access, "token_type": "Bearer", "expires_in": self.life_s})

        @app.post("/introspect")
        async def introspect(token: Annotated[str, Form()]) -> dict[str, object]:
            account = self.accounts.get(token)
            return {"active": "true", "username": account} if account else {"active": "false"}

        return app


@contextmanager
def running_token_provider(port: int) -> Iterator[TokenProvider]:
    provider = TokenProvider(port)
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(port)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
