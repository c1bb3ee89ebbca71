"""SMS and WhatsApp as subjects of the attacks on webhooks: bodies are forms, signatures cover the address."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from channels.twilio_messages import TwilioLine, TwilioMessages
from crm_core.contracts import AddressKind
from crm_core.db import utc_now
from tests.support.twilio import (
    ACCOUNT,
    ACCOUNT_SID,
    FORM_TYPE,
    OTHER_SID,
    OUR_NUMBER,
    PUBLIC_URL,
    SECONDARY,
    STRANGERS_TOKEN,
    THEIR_NUMBER,
    TOKEN,
    FakeTwilio,
    form,
    signature,
)
from tests.support.webhooks import Headers, Subject

HEADER = "X-Twilio-Signature"
ACCOUNTS = {"a": (ACCOUNT_SID, TOKEN), "b": (OTHER_SID, "b" * 32)}


def twilio_subject(key: str, kind: AddressKind) -> Subject:
    """`key` ends with the account it belongs to: `sms_a`, `sms_b`."""
    sid, token = ACCOUNTS[key[-1]]
    account = replace(ACCOUNT, sid=sid, tokens=(token, SECONDARY + key[-1]))
    url, prefix = f"{PUBLIC_URL}/webhooks/{key}", "whatsapp:" if kind is AddressKind.WHATSAPP else ""
    line = TwilioLine(kind, OUR_NUMBER, url, f"{PUBLIC_URL}/files")

    def message(number: str, text: str) -> bytes:
        return form({
            "ToState": "", "NumMedia": "0", "SmsStatus": "received", "Body": text, "To": prefix + OUR_NUMBER,
            "MessageSid": f"SM{int(number):032x}", "AccountSid": sid, "From": prefix + THEIR_NUMBER,
        })  # fmt: skip

    def sign(body: bytes) -> Headers:
        return {HEADER: signature(url, body, token)}

    def forge(body: bytes) -> Sequence[Headers]:
        good = signature(url, body, token)
        given = ("", "x", good[:-1], good[1:], good + "=", good.swapcase(), good.lower(), f'"{good}"', "null", "0" * 28,
                 f"{good},{good}", f"sha1={good}")  # fmt: skip
        tokens = ("", "\x00", "null", STRANGERS_TOKEN, token[:-1], token.upper(), token + "\n", ACCOUNT_SID, "b" * 31)
        urls = (
            url + "/", url.replace("https", "http"), url.replace("help", "evil"), url + "?a=1", url + ":443", "", "x",
            url.replace(key, "other"), PUBLIC_URL,
        )  # fmt: skip
        bodies = (body + b"&x=1", body.replace(b"Body=", b"Body=+"), b"", body + b"&Body=other")
        return [
            {}, {"X-SignalWire-Signature": good}, {"Authorization": good}, *({HEADER: each} for each in given),
            *({HEADER: signature(url, body, each)} for each in tokens),
            *({HEADER: signature(each, body, token)} for each in urls),
            *({HEADER: signature(url, each, token)} for each in bodies if each != body),
        ]  # fmt: skip

    reports = [form({"MessageSid": "SM1", "MessageStatus": state, "AccountSid": sid, "To": prefix + THEIR_NUMBER,
                     "From": prefix + OUR_NUMBER}) for state in ("delivered", "failed")]  # fmt: skip
    channel = TwilioMessages(FakeTwilio().rest(account), line, utc_now)
    return Subject(key, channel, message, sign, forge, FORM_TYPE, reports)


def twilio_subjects() -> list[Subject]:
    """Two accounts of each, so that one can be taken for the other."""
    kinds = {"sms": AddressKind.TEL, "whatsapp": AddressKind.WHATSAPP}
    return [twilio_subject(f"{name}_{of}", kinds[name]) for name, of in itertools.product(kinds, ACCOUNTS)]
