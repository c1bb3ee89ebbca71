"""`python -m bot insight …`: what the warehouse says. A new subcommand is a click command in COMMANDS."""

import click

from bot.cli_economics import FIVE_STEPS
from bot.cli_mining import MINING

COMMANDS: tuple[click.Command, ...] = (*MINING, *FIVE_STEPS)


@click.group("insight")
def insight() -> None:
    """The warehouse: fill it, ask it, take files out of it."""


for command in COMMANDS:
    insight.add_command(command)
