"""`python -m bot channel …`: what a channel's provider must be told once."""

import asyncio

import click

from config.documents import DocumentError
from config.settings import Settings
from crm_core.errors import SwitchboardError


@click.group("channel")
def channel() -> None:
    """What a channel's provider must be told once."""


@channel.group("telegram")
def telegram() -> None:
    """Telegram bots."""


@telegram.command("set-webhook")
@click.option("--inbox", "key", default=None, help="Only the inbox with this key.")
def set_webhook_command(key: str | None) -> None:
    """Tell Telegram where to send updates; a worker does the same at its start."""
    from bot.telegram_webhooks import set_webhooks  # noqa: PLC0415 - keeps the other commands quick

    try:
        for url in asyncio.run(set_webhooks(Settings(), key)):
            click.echo(f"Telegram sends updates to {url}.")
    except (DocumentError, SwitchboardError) as error:
        raise click.ClickException(str(error)) from error
