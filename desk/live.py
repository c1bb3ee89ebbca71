"""What changed on a page since the last look, as fragments that htmx puts where they belong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Render = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Child:
    """One element of a list. Equal values need not be rendered again; `key` is the id of its element."""

    key: str
    value: object


def partial(target: str, swap: str, html: str) -> str:
    return f'<hx-partial hx-target="#{target}" hx-swap="{swap}">{html}</hx-partial>'


@dataclass(slots=True)
class Region:
    """One element whose whole content is sent when its value changed."""

    target: str
    render: Render
    _sent: object = None

    def update(self, value: object) -> str:
        if value == self._sent:
            return ""
        self._sent = value
        return partial(self.target, "innerMorph", self.render(value))


@dataclass(slots=True)
class ListRegion:
    """An element with keyed children: only new and changed ones are sent, all of them when the order changed."""

    target: str
    render: Render
    render_empty: Callable[[], str] = field(default=lambda: "")
    _sent: dict[str, object] | None = None

    def update(self, children: Sequence[Child]) -> str:
        before, now = self._sent, {child.key: child.value for child in children}
        self._sent = now
        if before is not None and list(before.items()) == list(now.items()):
            return ""
        if not before or list(now)[: len(before)] != list(before):
            return self._whole(children)
        changed = [
            partial(child.key, "outerMorph", self.render(child.value))
            for child in children
            if child.key in before and child.value != before[child.key]
        ]
        added = [self.render(child.value) for child in children if child.key not in before]
        return "".join(changed) + (partial(self.target, "beforeend", "".join(added)) if added else "")

    def _whole(self, children: Sequence[Child]) -> str:
        html = "".join(self.render(child.value) for child in children) or self.render_empty()
        return partial(self.target, "innerMorph", html)
