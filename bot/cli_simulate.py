"""`python -m bot simulate …`: what routing, the bot and the roster do to waiting, on days that are given."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from crm_core.errors import SwitchboardError
from insight.arrivals import REFERENCE, Day, expected_day, read_days, reference_day
from insight.customers import Conduct
from insight.fifo import Estimate
from insight.scenarios import SETTINGS, Outcome, Trial, default_hours, hours_needed, runs

COLUMNS = (
    ("hours", "agent_hours", 0), ("to line", "offered", 0), ("ASA s", "asa_s", 1), ("P50 s", "wait_p50_s", 1),
    ("P90 s", "wait_p90_s", 1), ("SL20 %", "service_level", 100), ("abandon %", "abandoned", 100),
)  # fmt: skip
NAME_WIDTH = 36


@click.command("simulate")
@click.option("--arrivals", default=REFERENCE, show_default=True, help="A CSV file (DateTime, Calls), or “reference”.")
@click.option("--days", default=3, show_default=True, type=click.IntRange(1), help="So many of the file's last days.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Runs of each day.")
@click.option("--handle-s", default=240.0, show_default=True, type=click.FloatRange(1), help="Mean handling time.")
@click.option("--patience-s", default=300.0, show_default=True, type=click.FloatRange(1), help="Mean patience.")
@click.option(
    "--containment", default=0.2, show_default=True, type=click.FloatRange(0, 0.95), help="What the bot solves alone."
)
@click.option("--agent-hours", type=click.FloatRange(1), help="For each day; by default 720 for 672 hours of work.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def simulate(arrivals: str, days: int, seeds: int, as_json: bool, **conduct: float) -> None:  # noqa: FBT001 - click
    """Simulate days with the real routing: waiting, service level, abandonment and agent-hours, before and after."""
    try:
        trials = trials_of(arrivals, days, conduct)
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    outcomes = runs(SETTINGS, trials, range(1, seeds + 1))
    needed = {
        "without_bot": sum(hours_needed(trial, has_bot=False) for trial in trials) / len(trials),
        "with_bot": sum(hours_needed(trial, has_bot=True) for trial in trials) / len(trials),
    }
    if as_json:
        told = {name: {"days": one.days, **_plain(one)} for name, one in outcomes.items()}
        click.echo(json.dumps({"arrivals": arrivals, "settings": told, "hours_for_80_20": needed, **conduct}))
        return
    click.echo(_table(list(outcomes.values())))
    click.echo(
        f"\nAgent-hours a day for 80 % within 20 s (Erlang A): {needed['without_bot']:.0f} without the bot, "
        f"{needed['with_bot']:.0f} with it."
    )
    click.echo(
        f"The bot is taken to solve {conduct['containment']:.0%} alone: a given, not a result. ± is a 95 % interval."
    )


def trials_of(arrivals: str, days: int, conduct: Mapping[str, float | None]) -> list[Trial]:
    """The reference day is expected to come as it comes; a real day is forecast from those before it."""
    people = Conduct(conduct["handle_s"] or 0, conduct["patience_s"] or 0, conduct["containment"] or 0.0)
    if arrivals == REFERENCE:
        day = reference_day()
        pairs: Sequence[tuple[Day, Day]] = [(day, day)]
    else:
        known = read_days(arrivals_file(arrivals))
        pairs = [(known[number], expected_day(known[:number], known[number])) for number in range(-days, 0)]
    return [
        Trial(
            day, expected, people, conduct["agent_hours"] or default_hours(expected, people.handle_s),
            counted=arrivals != REFERENCE,
        )
        for day, expected in pairs
    ]  # fmt: skip


def arrivals_file(given: str) -> Path:
    """As given, or below the folder that SWITCHBOARD_DATA names."""
    folder = os.environ.get("SWITCHBOARD_DATA")
    path = Path(given)
    return Path(folder) / path if folder and not path.exists() else path


def _plain(outcome: Outcome) -> dict[str, dict[str, float]]:
    return {name: asdict(found) for name, found in outcome.figures.items()}


def _table(outcomes: Sequence[Outcome]) -> str:
    head = " " * NAME_WIDTH + "".join(f"{title:>14}" for title, *_ in COLUMNS)
    return "\n".join([head, *(_line(outcome) for outcome in outcomes)])


def _line(outcome: Outcome) -> str:
    cells = (_cell(outcome.figures[name], scale, outcome.days) for _, name, scale in COLUMNS)
    return f"{outcome.name:<{NAME_WIDTH}}" + "".join(f"{cell:>14}" for cell in cells)


def _cell(found: Estimate, scale: int, days: int) -> str:
    if not scale:
        return f"{found.mean:,.0f}"
    spread = f" ±{scale * found.half_width:.1f}" if days > 1 else ""
    return f"{scale * found.mean:.1f}{spread}"
