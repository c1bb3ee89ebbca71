"""What the bot remembers of a conversation between two messages: plain JSON, versioned."""

from dataclasses import asdict, dataclass, field

from crm_core.contracts import JsonObject

VERSION = 1


@dataclass(slots=True)
class Frame:
    """A flow under way: the step it is at, and how often that step has asked."""

    flow: str
    step: int = 0
    tries: int = 0


@dataclass(slots=True)
class Code:
    """A code that was sent: its keyed hash, whose order it opens, and until when (seconds since 1970)."""

    digest: str
    customer_id: str | None
    expires_at: float
    tries: int = 0


@dataclass(slots=True)
class Wish:
    """An intent with the values that were given with it, by kind."""

    intent: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Memory:
    """`stack` ends with the flow that has the floor. `wrong_proofs` are over the whole conversation."""

    stack: list[Frame] = field(default_factory=list)
    slots: dict[str, str] = field(default_factory=dict)
    last_flow: str | None = None
    misses: int = 0
    turns: int = 0
    wrong_proofs: int = 0
    code: Code | None = None
    greeted: bool = False
    told: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    wants: str = ""
    urgent: bool = False  # in any message so far
    upset: bool = False
    order_value: str | None = None  # of the last order shown: “129.90 EUR”
    waiting: list[Wish] = field(default_factory=list)  # the other wishes of a message, in turn
    options: list[list[str]] = field(default_factory=list)  # what was just asked back: names and labels
    unclear: dict[str, str] = field(default_factory=dict)  # the values of the message that was asked back
    offered: list[list[str]] = field(default_factory=list)  # values and labels under what was said last
    asked_back: list[str] = field(default_factory=list)  # every set of options so far, so that none comes twice

    def as_json(self) -> JsonObject:
        return {"version": VERSION, **asdict(self)}

    @staticmethod
    def from_json(stored: JsonObject) -> "Memory":
        """A fresh memory for nothing, and for what another version wrote."""
        if stored.get("version") != VERSION:
            return Memory()
        values = {name: value for name, value in stored.items() if name != "version"}
        values["stack"] = [Frame(**frame) for frame in values["stack"]]  # type: ignore[arg-type, union-attr, misc]
        code = values["code"]
        values["waiting"] = [Wish(**wish) for wish in values.get("waiting") or []]  # type: ignore[arg-type, union-attr, misc]
        values["code"] = Code(**code) if isinstance(code, dict) else None  # type: ignore[assignment, arg-type]
        return Memory(**values)  # type: ignore[arg-type]
