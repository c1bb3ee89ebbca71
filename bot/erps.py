"""The company's ERPs behind one port: the embedded one, or those of `erp.yml`, each under its own policy."""

from dataclasses import dataclass

import structlog

from bot.metrics import Metrics
from config.business import Business
from config.settings import Settings
from crm_core.db import Sessions
from crm_core.erp.calls import OnCall
from crm_core.erp.connectors.opening import Surroundings, open_connector
from crm_core.erp.connectors.states import OnUnknown
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Erp
from crm_core.erp.several import Member, SeveralErps
from crm_core.erp.sql import SqlErp

log = structlog.get_logger(__name__)

EMBEDDED = "embedded"
_LONGEST_STATE = 60


@dataclass(frozen=True, slots=True)
class Opened:
    """One ERP, ready to be asked. `kind` is the one of `erp.yml`, or `sql` for the embedded one."""

    name: str
    kind: str
    erp: Guarded
    prefixes: tuple[str, ...] = ()


def open_erp(settings: Settings, business: Business, readers: Sessions, metrics: Metrics | None = None) -> Erp:
    """All of them as one. Raises SetupRequired for an entry that cannot be used. Whoever opens it closes it."""
    opened = open_each(settings, business, readers, metrics)
    if len(opened) == 1:
        return opened[0].erp
    return SeveralErps([Member(one.name, one.erp, one.prefixes) for one in opened])


def open_each(
    settings: Settings, business: Business, readers: Sessions, metrics: Metrics | None = None
) -> list[Opened]:
    """Each of them under its policy."""
    entries = {entry.name: entry for entry in business.erps.erps}

    def guarded(name: str, connector: Erp) -> Opened:
        entry, erp = entries.get(name), Guarded(connector, settings.erp, on_call=observed(name, metrics))
        return Opened(name, entry.kind, erp, tuple(entry.prefixes)) if entry else Opened(name, connector.name, erp)

    return [guarded(name, connector) for name, connector in open_connectors(settings, business, readers, metrics)]


def open_connectors(
    settings: Settings, business: Business, readers: Sessions, metrics: Metrics | None = None
) -> list[tuple[str, Erp]]:
    """By name, without a policy around them. Raises SetupRequired."""
    book = SqlErp(readers)
    around = Surroundings(book, _counted(metrics))
    return [
        (entry.name, open_connector(entry, settings.secret_named(entry.key_env), around))
        for entry in business.erps.erps
    ] or [(EMBEDDED, book)]


def _counted(metrics: Metrics | None) -> OnUnknown:
    def count(erp: str, axis: str, state: str) -> None:
        if metrics is not None:
            metrics.erp_unknown_states.labels(erp, axis, state[:_LONGEST_STATE]).inc()

    return count


def observed(erp: str, metrics: Metrics | None) -> OnCall:
    def observe(operation: str, seconds: float, outcome: str) -> None:
        if metrics is not None:
            metrics.erp_seconds.labels(operation, outcome).observe(seconds)
        if outcome != "ok":
            log.warning("erp.failed", erp=erp, operation=operation, ms=round(seconds * 1000), code=outcome)

    return observe
