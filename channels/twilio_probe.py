"""A look at an account for `python -m bot check`: does it let us in, own the number, and call our webhooks."""

from collections.abc import Mapping

from channels.protocol import Probe
from channels.twilio_rest import RestAnswer, TwilioRest
from crm_core.contracts import JsonObject

REFUSED = (401, 403, 404)
CONSOLE = {
    "sms_url": "“A message comes in”", "voice_url": "“A call comes in”", "status_callback": "“Call status changes”",
}  # fmt: skip


async def probe_number(rest: TwilioRest, number: str, expected: Mapping[str, str]) -> Probe:
    """`expected` are the number's webhooks by their name in the interface; none for a WhatsApp sender."""
    account = await rest.get(".json")
    if not account.is_ok:
        return _no_way_in(account)
    if account.text("status") not in ("", "active"):
        state = account.text("status")
        return Probe(f"the account is {state}", "Open the Twilio console and settle what it asks for.")
    if not expected:
        return Probe("the account lets us in")
    listed = await rest.get("/IncomingPhoneNumbers.json", [("PhoneNumber", number)])
    found = listed.content.get("incoming_phone_numbers")
    numbers = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    mine = next((each for each in numbers if each.get("phone_number") == number), None)
    if mine is None:
        return Probe(
            f"the account does not own {number}", "Correct `number` in config/channels.yml, or buy it in the console."
        )
    return _webhooks(mine, expected)


def _no_way_in(answer: RestAnswer) -> Probe:
    if answer.status in REFUSED:
        return Probe(
            "the account refuses our token",
            "Compare `account_sid` and the variable named by `token_env` with Account > API keys & tokens.",
        )
    told = f"answers HTTP {answer.status}" if answer.status else "does not answer"
    return Probe(f"Twilio {told}", "Is this machine allowed to reach `api_base_url` over https? Try again in a minute.")


def _webhooks(number: JsonObject, expected: Mapping[str, str]) -> Probe:
    for name, url in expected.items():
        if str(number.get(name)).partition("#")[0] != url:  # behind # stand Twilio's own connection settings
            return Probe(
                f"the number's webhook {CONSOLE[name]} is not ours",
                f"Twilio console > Phone Numbers > Active numbers > the number > {CONSOLE[name]}: {url} (HTTP POST).",
            )
    return Probe("the account lets us in, owns the number, and its webhooks reach us")
