"""`python -m bot check` says in words what is wrong with an account, a number, a webhook."""

import httpx
import pytest

from channels.twilio_probe import probe_number
from tests.support.twilio import OUR_NUMBER, FakeTwilio

URL = "https://help.example/webhooks/sms"
ACTIVE = httpx.Response(200, json={"status": "active"})


def numbers(**webhooks: str) -> httpx.Response:
    return httpx.Response(200, json={"incoming_phone_numbers": [{"phone_number": OUR_NUMBER, **webhooks}]})


@pytest.mark.parametrize(
    ("answers", "state", "remedy"),
    [
        ([httpx.Response(401, json={"code": 20003})], "refuses our token", "API keys & tokens"),
        ([httpx.Response(503)], "answers HTTP 503", "api_base_url"),
        ([httpx.ConnectError("no")], "does not answer", "api_base_url"),
        ([httpx.Response(200, json={"status": "suspended"})], "account is suspended", "console"),
        ([ACTIVE, httpx.Response(200, json={"incoming_phone_numbers": []})], "does not own", "config/channels.yml"),
        ([ACTIVE, numbers(sms_url="https://old.example")], "webhook “A message comes in” is not ours", URL),
    ],
)
async def test_what_is_wrong_is_told_with_its_remedy(answers: list[httpx.Response], state: str, remedy: str) -> None:
    fake = FakeTwilio([*answers])
    probe = await probe_number(fake.rest(), OUR_NUMBER, {"sms_url": URL})
    assert state in probe.state
    assert remedy in (probe.remedy or "")


async def test_all_is_well_also_with_settings_of_the_provider_behind_the_address() -> None:
    fake = FakeTwilio([ACTIVE, numbers(sms_url=f"{URL}#rc=3")])
    probe = await probe_number(fake.rest(), OUR_NUMBER, {"sms_url": URL})
    assert probe.remedy is None
