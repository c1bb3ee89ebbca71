"""What the desk's administrators see of channels, ERPs and flows, and the same looks as `python -m bot check`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
import yaml

from bot.dialogue.actions import ACTIONS
from bot.dialogue.schema import Flow, Flows, Vocabulary, read_flows
from bot.erps import open_connectors
from bot.replies import Replies
from bot.services import Services
from bot.turn import topics
from config.documents import DocumentError, read_yaml
from crm_core.erp.diagnosis import diagnosed, needed_rights
from crm_core.errors import NotFound, SwitchboardError
from desk.connections import ChannelNow, Connections, DialogueNow, ErpNow, FlowNow, Tried

log = structlog.get_logger(__name__)

TEST_TIMEOUT_S = 20.0
EMBEDDED = "sql"
WEBCHAT = "webchat"


@dataclass(frozen=True, slots=True)
class Looking:
    """The functions behind Connections."""

    services: Services

    def connections(self) -> Connections:
        return Connections(self.channels, self.test_channel, self.erps, self.test_erp, self.dialogue, self.topics)

    def topics(self) -> Sequence[str]:
        return topics(self.services.turn.dialogue.flows)

    def channels(self) -> Sequence[ChannelNow]:
        why = {off.key: off.reason for off in self.services.closed}
        return [
            ChannelNow(
                inbox.key, inbox.channel, inbox.name, inbox.key in self.services.inboxes, why.get(inbox.key, ""),
                self._snippet(inbox.key) if inbox.channel == WEBCHAT else "",
            )
            for inbox in self.services.business.channels.inboxes
        ]  # fmt: skip

    def _snippet(self, key: str) -> str:
        address = f"{self.services.settings.base_url}/chat/widget.js"
        return f'<script src="{address}" data-inbox="{key}" async></script>'

    async def test_channel(self, key: str) -> Sequence[Tried]:
        """Raises NotFound."""
        off = next((each for each in self.services.closed if each.key == key), None)
        if off is not None:
            return [Tried(key, "off", off.reason)]
        inbox = self.services.inboxes.get(key)
        if inbox is None:
            raise NotFound("There is no such channel.")
        if inbox.probe is None:
            return [Tried(key, "on; it has nothing that could be tried from here")]
        try:
            async with asyncio.timeout(TEST_TIMEOUT_S):
                probe = await inbox.probe()
        except TimeoutError:
            return [Tried(key, f"no answer within {TEST_TIMEOUT_S:.0f} s", "can this machine reach the provider?")]
        except (SwitchboardError, OSError) as error:
            log.warning("channel.test_failed", inbox=key, error=type(error).__name__)
            return [Tried(key, "does not answer", "look at the log, then run `python -m bot check`")]
        return [Tried(key, probe.state, probe.remedy)]

    def erps(self) -> Sequence[ErpNow]:
        entries = self.services.business.erps.erps
        found = [ErpNow(entry.name, entry.kind, entry.url.host or "") for entry in entries]
        return found or [ErpNow("embedded", EMBEDDED)]

    async def test_erp(self, name: str) -> Sequence[Tried]:
        """By a connection of its own, so that a pause after failures does not answer for it. Raises NotFound."""
        kinds = {erp.name: erp.kind for erp in self.erps()}
        if name not in kinds:
            raise NotFound("There is no such ERP.")
        services = self.services
        try:
            connectors = open_connectors(services.settings, services.business, services.readers)
        except SwitchboardError as error:
            return [Tried(name, "cannot be used", str(error))]
        try:
            async with asyncio.timeout(TEST_TIMEOUT_S):
                erp = dict(connectors)[name]
                found = await diagnosed(erp, needed_rights(kinds[name]))
        except TimeoutError:
            return [Tried(name, f"no answer within {TEST_TIMEOUT_S:.0f} s", "can this machine reach it?")]
        finally:
            for _, each in connectors:
                await each.aclose()
        return [Tried(one.question, one.state, one.remedy) for one in found]

    async def dialogue(self) -> DialogueNow:
        """The files as they are now: what a start would say of them."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> DialogueNow:
        settings, languages = self.services.settings, self.services.business.company.languages
        held, folder = self.services.turn.dialogue, settings.config_dir / "flows"
        problem = ""
        flows, replies = held.flows, held.replies
        try:
            replies = Replies.load(settings.config_dir / "replies", languages)
            flows = read_flows(folder, Vocabulary(frozenset(ACTIONS), replies.keys()))
        except DocumentError as error:
            problem = str(error)
        told = tuple(
            (code, f"config/replies/{code}.yml", len(texts)) for code, texts in sorted(replies.wordings.items())
        )  # fmt: skip
        return DialogueNow(_flows(flows, _files(folder)), told, problem)


def _flows(flows: Flows, files: dict[str, str]) -> tuple[FlowNow, ...]:
    return tuple(_flow(name, flow, files) for name, flow in sorted(flows.by_name.items()))


def _flow(name: str, flow: Flow, files: dict[str, str]) -> FlowNow:
    return FlowNow(name, files.get(name, ""), tuple(flow.intents), len(flow.steps))


def _files(folder: Path) -> dict[str, str]:
    """Which file each flow is from; a file that cannot be read is told of elsewhere."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            content = read_yaml(path.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError):
            continue
        flows = content.get("flows", []) if isinstance(content, dict) else []
        names = [each.get("name") for each in flows if isinstance(each, dict)] if isinstance(flows, list) else [*flows]
        found |= {str(name): f"config/flows/{path.name}" for name in names}
    return found
