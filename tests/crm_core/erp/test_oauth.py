"""A token by client credentials: fetched once, again when it ends, again when it is refused, and never shown."""

import httpx
import pytest

from crm_core.erp.connectors.oauth import Client, ClientCredentials
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.errors import ErpAuth
from tests.support.erp import ManualClock

CLIENT = Client("https://login.example/token", "switchboard", "the-secret", "erp/.default")


class Issuer(httpx.AsyncBaseTransport):
    """Both the issuer and the ERP: the ERP takes only the newest token, unless `refusing`."""

    def __init__(self) -> None:
        self.issued, self.asked, self.refusing, self.closed = 0, 0, False, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example":
            await request.aread()
            if self.closed or b"client_secret=the-secret" not in request.content:
                return httpx.Response(400, json={"error": "invalid_client"})
            self.issued += 1
            return httpx.Response(200, json={"access_token": f"t{self.issued}", "expires_in": 600})
        self.asked += 1
        good = request.headers["authorization"] == f"Bearer t{self.issued}" and not self.refusing
        return httpx.Response(200 if good else 401, json={"value": []})


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def erp(issuer: Issuer, clock: ManualClock) -> ErpHttp:
    return ErpHttp(Address("https://erp.example", auth=ClientCredentials(CLIENT, clock=clock), transport=issuer))


async def test_one_token_serves_until_a_minute_before_it_ends(issuer: Issuer) -> None:
    clock = ManualClock()
    http = erp(issuer, clock)
    for at in (0.0, 300.0, 539.0):
        clock.now = at
        await http.get("/orders")
    assert issuer.issued == 1
    clock.now = 541.0
    await http.get("/orders")
    assert issuer.issued == 2


async def test_a_refused_token_is_replaced_once(issuer: Issuer) -> None:
    http = erp(issuer, ManualClock())
    await http.get("/orders")
    issuer.issued += 1  # somebody else's newer one made ours old
    await http.get("/orders")
    issuer.refusing = True
    asked = issuer.asked
    with pytest.raises(ErpAuth):
        await http.get("/orders")
    assert issuer.asked == asked + 2


async def test_a_wrong_secret_is_told_without_it(issuer: Issuer) -> None:
    issuer.closed = True
    with pytest.raises(ErpAuth) as raised:
        await erp(issuer, ManualClock()).get("/orders")
    assert "the-secret" not in f"{raised.value}{CLIENT}"
