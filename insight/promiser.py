"""What a simulated line knows of itself, to tell those who come how long it will be."""

from dataclasses import dataclass

from crm_core.waiting_time import Estimate, Line, estimate


@dataclass(slots=True)
class Promiser:
    """One line that everybody serves: people present, mean handling so far, abandons by time waited (all so far)."""

    present: int = 0
    _handled: int = 0
    _handled_us: int = 0
    _left: int = 0
    _waited_us: int = 0

    def answered(self, waited_us: int, handle_us: int) -> None:
        self._handled += 1
        self._handled_us += handle_us
        self._waited_us += waited_us

    def left(self, waited_us: int) -> None:
        self._left += 1
        self._waited_us += waited_us

    def estimate(self, position: int) -> Estimate | None:
        """None before anybody was served, and while nobody is there."""
        if not self._handled:
            return None
        leaving_per_s = 1e6 * self._left / self._waited_us if self._waited_us else 0.0
        return estimate(position, Line(self.present, self._handled_us / self._handled / 1e6, leaving_per_s))
