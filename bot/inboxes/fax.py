"""A fax gateway as an inbox: faxes come in through another inbox, answers go out by mail."""

import re
import shutil

from bot.inboxes.email import mail_sender
from bot.inboxes.parts import InboxOff, InboxTools, OpenInbox
from bot.secret import derived_key
from channels.email import EmailChannel, letters
from channels.fax import NUMBER, FaxChannel, FaxRules
from channels.fax_reading import LANGUAGES, known_languages
from channels.fax_writing import Faces, FaxPrinter
from channels.protocol import Probe
from config.inboxes import EmailInbox, FaxAnswer, FaxInbox
from config.settings import ROOT

FONTS = ROOT / "desk" / "static" / "vendor" / "inter"
INSTALL = "install it: `apt-get install tesseract-ocr tesseract-ocr-rus tesseract-ocr-spa`"


def open_fax(inbox: FaxInbox, tools: InboxTools) -> OpenInbox:
    """Raises InboxOff without a mail server to answer by."""
    rules = FaxRules(
        inbox.via, inbox.gateway, tools.business.company.country, inbox.answer_to, inbox.answer_subject,
        inbox.answer_as is FaxAnswer.PDF, re.compile(inbox.number_pattern or NUMBER),
    )  # fmt: skip
    channel = FaxChannel(
        rules, _carrier(inbox, tools), _printer() if rules.answer_as_pdf else None, tools.business.company.name
    )

    async def probe() -> Probe:
        return await probed(inbox, [LANGUAGES[code] for code in tools.business.company.languages if code in LANGUAGES])

    return OpenInbox(inbox.key, channel, probe=probe, fax=rules)


def _carrier(inbox: FaxInbox, tools: InboxTools) -> EmailChannel:
    """What mails the answers to the gateway: the submission server of the settings, else the mailbox faxes come by."""
    if tools.settings.smtp.host is not None:
        return letters(tools.settings.smtp, derived_key(tools.key, "message-id"))
    mailboxes = (box for box in tools.business.channels.inboxes if isinstance(box, EmailInbox) and box.key == inbox.via)
    mailbox = next(mailboxes, None)
    if mailbox is None:
        told = "answers go by mail: set SWITCHBOARD_SMTP__HOST"
        raise InboxOff(f"The inbox “{inbox.key}” is off: {told}.")
    return mail_sender(mailbox, tools)


def _printer() -> FaxPrinter:
    faces = ("inter-cyrillic-wght-normal.woff2", "inter-latin-wght-normal.woff2")
    return FaxPrinter(Faces(*(FONTS / face for face in faces)))


async def probed(inbox: FaxInbox, wanted: list[str]) -> Probe:
    """Whether what comes in can be read."""
    if shutil.which("tesseract") is None:
        return Probe("fax: pages arrive, but nothing can read them", INSTALL)
    missing = sorted(set(wanted) - await known_languages())
    if missing:
        return Probe(f"fax: tesseract does not know {', '.join(missing)}", INSTALL)
    return Probe(f"fax: mail of {inbox.gateway} through “{inbox.via}” is read in {', '.join(wanted)}")
