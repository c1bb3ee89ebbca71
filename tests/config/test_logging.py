"""What a process writes about itself: one line an event on standard error, and never what people said."""

import json
import subprocess
import sys

import pytest

from config.settings import ROOT

SET_UP = """
import logging, structlog
from config.logging import set_up_logging
from config.settings import LogSettings
set_up_logging(LogSettings(format="{format}", level="{level}"))
log = structlog.get_logger("test")
"""


def written(code: str, log_format: str = "json", level: str = "INFO") -> list[str]:
    """The lines on standard error of a process that sets logging up and runs `code`; nothing may be on its output."""
    script = SET_UP.format(format=log_format, level=level) + code
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    return done.stderr.splitlines()


def test_an_event_is_one_json_object_on_standard_error() -> None:
    (line,) = written("log.warning('job.failed', job_id=7, kind='send')")
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "job.failed", "job_id": 7, "kind": "send", "level": "warning"}


def test_the_format_chosen_by_itself_is_json_when_nobody_watches() -> None:
    (line,) = written("log.info('app.started')", log_format="auto")
    assert json.loads(line)["event"] == "app.started"


def test_the_console_format_is_for_people() -> None:
    (line,) = written("log.info('app.started', port=8080)", log_format="console")
    assert "app.started" in line
    assert not line.startswith("{")


def test_events_below_the_level_are_left_out() -> None:
    assert written("log.info('app.started'); log.debug('app.looked')", level="WARNING") == []


def test_loggers_of_libraries_come_in_the_same_shape_from_warnings_on() -> None:
    lines = written("logging.getLogger('library').info('quiet'); logging.getLogger('library').warning('loud')")
    assert [(json.loads(line)["event"], json.loads(line)["level"]) for line in lines] == [("loud", "warning")]


def test_text_in_any_script_stays_readable() -> None:
    (line,) = written("log.info('queue.named', queue='Возвраты')")
    assert "Возвраты" in line


FAULT = """
def answer(text):
    token = "secret-token"
    try:
        raise KeyError(text)
    except KeyError as error:
        raise ValueError("customer wrote " + text) from error

try:
    answer("my card is 4111 1111")
except ValueError as error:
    {say}
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "say",
    [
        "log.exception('turn.failed')",
        "log.error('turn.failed', exc_info=True)",
        "log.error('turn.failed', exc_info=error)",
        "logging.getLogger('library').exception('turn.failed')",
    ],
)
def test_an_exception_is_told_without_its_words_and_variables(say: str, log_format: str) -> None:
    said = "\n".join(written(FAULT.format(say=say), log_format=log_format))
    assert "turn.failed" in said
    assert "ValueError" in said
    assert "KeyError" in said
    assert "answer" in said
    assert "4111" not in said
    assert "secret-token" not in said


def test_every_part_of_a_group_of_exceptions_is_told() -> None:
    (line,) = written(
        "try:\n    raise ExceptionGroup('x', [OSError('a'), ValueError('b')])\n"
        "except ExceptionGroup:\n    log.exception('turn.failed')\n"
    )
    assert [part.split()[0] for part in json.loads(line)["fault"]] == ["ExceptionGroup", "OSError", "ValueError"]
