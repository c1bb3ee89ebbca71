"""structlog set up once at the edge: console on a terminal, one JSON object a line elsewhere."""

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

import structlog

from config.settings import ROOT, LogFormat, LogSettings

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def set_up_logging(settings: LogSettings) -> None:
    """Route structlog and the standard library's loggers to standard error in one format."""
    console = settings.format is LogFormat.CONSOLE or (settings.format is LogFormat.AUTO and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _fault_without_text,
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=shared))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def _fault_without_text(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """An exception as its types and places. Its words and its frames' variables may be what a customer wrote."""
    raised = _exc_info(event.pop("exc_info", None))
    if raised is not None:
        event["fault"] = _fault(raised[1])
    return event


def _exc_info(told: object) -> ExcInfo | None:
    if isinstance(told, BaseException):
        return type(told), told, told.__traceback__
    if isinstance(told, tuple):
        kind, error, trace = told
        return (kind, error, trace) if error is not None else None
    kind, error, trace = sys.exc_info()
    return (kind, error, trace) if told and kind is not None and error is not None else None


def _fault(error: BaseException) -> list[str]:
    """From the outermost cause to the innermost: `ValueError at bot/turn.py:187 listen, crm_core/db.py:31 …`."""
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else [error.__cause__ or error.__context__]
    frames = traceback.extract_tb(error.__traceback__)
    places = ", ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
    deeper = [line for cause in causes if cause is not None for line in _fault(cause)]
    return [f"{type(error).__name__} at {places}" if places else type(error).__name__, *deeper]


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else f"{path.parent.name}/{path.name}"
