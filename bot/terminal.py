"""`python -m bot chat`: the conversation of the web, in a terminal, through the same intake and the same turn."""

import asyncio
import secrets
import sys

import click

from bot.services import Services, open_services
from bot.turn import run_turn
from config.settings import Settings
from crm_core.contracts import Address, AddressKind, Inbound
from crm_core.db import unit_of_work, utc_now
from crm_core.intake import InlineClaim, receive
from crm_core.transcripts import VisitorUpdates, visitor_updates

LEASE_S = 30.0
PERSON_POLL_S = 1.0


async def chat_in_terminal(settings: Settings, language: str | None) -> None:
    """Until an empty line or end of input. Agents see it in the desk as a web chat."""
    async with open_services(settings) as services:
        visitor = Address(AddressKind.WEB, f"terminal-{secrets.token_hex(8)}")
        click.echo("Write to the bot. An empty line ends the conversation.\n")
        seen = 0
        while text := (await asyncio.to_thread(_read_line)).strip():
            await _say(services, visitor, text, language)
            seen = await _show(services, visitor, seen)


def _read_line() -> str:
    if sys.stdin.isatty():
        click.echo(click.style("you  ", fg="blue"), nl=False)
    return sys.stdin.readline()


async def _say(services: Services, visitor: Address, text: str, language: str | None) -> None:
    inbound = Inbound(secrets.token_hex(16), visitor, text, language=language, raw=text.encode())
    inbox_id = next(iter(services.inbox_ids.values()))
    async with unit_of_work(services.sessions) as session:
        claim = InlineClaim("terminal", LEASE_S)
        received = await receive(session, utc_now(), inbox_id, inbound, inline=claim)
    if received.turn is not None:
        await run_turn(services.turn, received.conversation_id, received.turn)


async def _show(services: Services, visitor: Address, seen: int) -> int:
    inbox_id = next(iter(services.inbox_ids.values()))
    async with services.sessions() as session:
        updates: VisitorUpdates = await visitor_updates(session, inbox_id, visitor.uri, seen)
    for entry in updates.entries:
        if entry.author != "contact":
            click.echo(f"{click.style(entry.author, fg='green')}  {entry.text}")
            for number, choice in enumerate(entry.choices, 1):
                click.echo(f"       {number}. {choice.label}")
        seen = max(seen, entry.id)
    if updates.state == "queued":
        click.echo(f"       (waiting for a person, place {updates.queue_position}; they answer at the desk)")
    return seen
