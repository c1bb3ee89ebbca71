"""How long what is stored is kept: `retention.yml`."""

from typing import Annotated

from pydantic import Field

from config.words import Strict

Days = Annotated[int, Field(ge=1, le=36_500)]


class Retention(Strict):
    """In days; None is kept for ever. What is kept by law elsewhere (the ERP, the audit trail) is not touched."""

    messages_days: Days | None = None  # since the conversation was closed
    attachments_days: Days | None = None
    recordings_days: Days | None = None
    raw_mail_days: Days | None = None  # what providers and mail servers handed over, byte for byte
    logs_days: Days | None = None  # failed log-ins, used links, sessions that are over, jobs that were given up
