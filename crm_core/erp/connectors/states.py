"""A company's own states in our vocabulary: one YAML file a system, changed per installation, never guessed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from config.documents import read_yaml
from crm_core.erp.port import Payment, ShipmentStatus, Stage

DEFAULTS = Path(__file__).parent / "states"
Axis = TypeVar("Axis", Stage, ShipmentStatus, Payment)
OnUnknown = Callable[[str, str, str], None]


class StateMapError(ValueError):
    """A mapping that names something which is not in our vocabulary."""


def _silent(_erp: str, _axis: str, _state: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class StateMap:
    """`on_unknown` is told (erp, axis, native state) of each that is mapped nowhere."""

    erp: str
    stages: Mapping[str, Stage]
    shipments: Mapping[str, ShipmentStatus]
    payments: Mapping[str, Payment]
    on_unknown: OnUnknown = field(default=_silent, repr=False)

    def stage(self, native: object) -> Stage:
        return self._of(self.stages, "stage", native, Stage.UNKNOWN)

    def shipment(self, native: object) -> ShipmentStatus:
        return self._of(self.shipments, "shipment", native, ShipmentStatus.UNKNOWN)

    def payment(self, native: object) -> Payment:
        return self._of(self.payments, "payment", native, Payment.UNKNOWN)

    def _of(self, known: Mapping[str, Axis], axis: str, native: object, unknown: Axis) -> Axis:
        found = known.get(str(native))
        if found is None:
            self.on_unknown(self.erp, axis, str(native))
        return found or unknown


def state_map(
    erp: str, changes: Mapping[str, Mapping[str, str]] | None = None, *, on_unknown: OnUnknown = _silent
) -> StateMap:
    """The defaults of `states/<erp>.yml` with the installation's `changes` over them. Raises StateMapError."""
    path = DEFAULTS / f"{erp}.yml"
    defaults = read_yaml(path.read_text(encoding="utf-8")) if path.exists() else {}
    merged = {axis: {**(defaults.get(axis) or {}), **(changes or {}).get(axis, {})} for axis in _AXES}
    odd = set(changes or {}) - set(_AXES)
    if odd:
        raise StateMapError(f"{erp}: there is no axis {', '.join(sorted(odd))}; write {', '.join(_AXES)}")
    return StateMap(
        erp, _read(erp, Stage, merged["stage"]), _read(erp, ShipmentStatus, merged["shipment"]),
        _read(erp, Payment, merged["payment"]), on_unknown,
    )  # fmt: skip


_AXES = ("stage", "shipment", "payment")


def _read(erp: str, axis: type[Axis], mapping: Mapping[object, object]) -> dict[str, Axis]:
    try:
        return {str(native): axis(str(ours)) for native, ours in mapping.items()}
    except ValueError as error:
        raise StateMapError(f"{erp}: {error}; ours are {', '.join(axis)}") from error
