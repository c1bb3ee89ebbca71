"""The company's ERPs behind one port: the embedded one, or those of `erp.yml`, each under its own policy."""

from bot.metrics import Metrics
from config.business import Business
from config.settings import Settings
from crm_core.db import Sessions
from crm_core.erp.calls import OnCall
from crm_core.erp.connectors.opening import open_connector
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Erp
from crm_core.erp.several import Member, SeveralErps
from crm_core.erp.sql import SqlErp

EMBEDDED = "embedded"
_LONGEST_STATE = 60


def open_erp(settings: Settings, business: Business, readers: Sessions, metrics: Metrics | None = None) -> Erp:
    """Raises SetupRequired for an entry that cannot be used. Whoever opens it closes it."""
    on_call = _observed(metrics) if metrics else None
    prefixes = {entry.name: tuple(entry.prefixes) for entry in business.erps.erps}
    members = [
        Member(name, Guarded(erp, settings.erp, on_call=on_call), prefixes.get(name, ()))
        for name, erp in open_connectors(settings, business, readers, metrics)
    ]
    return members[0].erp if len(members) == 1 else SeveralErps(members)


def open_connectors(
    settings: Settings, business: Business, readers: Sessions, metrics: Metrics | None = None
) -> list[tuple[str, Erp]]:
    """By name, without a policy around them. Raises SetupRequired."""

    def on_unknown(erp: str, axis: str, state: str) -> None:
        if metrics is not None:
            metrics.erp_unknown_states.labels(erp, axis, state[:_LONGEST_STATE]).inc()

    return [
        (entry.name, open_connector(entry, settings.secret_named(entry.key_env), on_unknown=on_unknown))
        for entry in business.erps.erps
    ] or [(EMBEDDED, SqlErp(readers))]


def _observed(metrics: Metrics) -> OnCall:
    def observe(operation: str, seconds: float, outcome: str) -> None:
        metrics.erp_seconds.labels(operation, outcome).observe(seconds)

    return observe
