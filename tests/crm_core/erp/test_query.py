"""Nobody asks for an order without being somebody; and who may ask for any order is known by name."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import ROOT
from crm_core.erp.query import AgentIdentity, OrderQuery, ProofUnderWay, VerifiedBuyer
from tests.support.erp import ScriptedErp, order
from tests.support.layout import sources

# who may see every order; whatever talks with customers is not among them
UNGUARDED = {
    "AgentIdentity": {"bot/cli_erp.py", "crm_core/erp/diagnosis.py", "crm_core/erp/connectors/recording.py"},
    "ProofUnderWay": {"crm_core/erp/ownership.py"},
}


@pytest.mark.parametrize("asker", [None, "", "C1", object(), True])
def test_there_is_no_query_without_somebody_who_asks(asker: object) -> None:
    with pytest.raises(TypeError, match="asked for by"):
        OrderQuery("1001", asker)  # type: ignore[arg-type]


def test_there_is_no_query_by_leaving_the_asker_out() -> None:
    with pytest.raises(TypeError):
        OrderQuery("1001")  # type: ignore[call-arg]


@pytest.mark.parametrize("nobody", [VerifiedBuyer, AgentIdentity])
def test_who_asks_has_a_name(nobody: type[VerifiedBuyer] | type[AgentIdentity]) -> None:
    with pytest.raises(ValueError, match="has a"):
        nobody("")


def test_only_a_buyer_carries_the_owner_guard() -> None:
    assert OrderQuery("1", VerifiedBuyer("C1")).customer_id == "C1"
    assert OrderQuery("1", AgentIdentity("pavel")).customer_id is None
    assert OrderQuery("1", ProofUnderWay()).customer_id is None


@dataclass(frozen=True, slots=True)
class CarelessQuery:
    """What must never come back: who asks may be left out, and then everybody sees everything."""

    ref: str
    customer_id: str | None = None


async def test_a_careless_query_would_show_a_foreign_order_and_ours_does_not() -> None:
    erp = ScriptedErp(orders={"1001": order("1001", "C1")})
    assert await erp.get_order(CarelessQuery("1001")) is not None  # type: ignore[arg-type]
    assert await erp.get_order(OrderQuery("1001", VerifiedBuyer("C2"))) is None


def unguarded_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in UNGUARDED:
            yield node.func.id


def test_only_those_we_know_may_ask_for_any_order() -> None:
    packages = ("config", "crm_core", "nlu", "channels", "desk", "insight", "bot")
    made = {(name, str(path.relative_to(ROOT))) for path in sources(ROOT, packages) for name in unguarded_calls(path)}
    assert {(name, path) for name, path in made if path not in UNGUARDED[name]} == set()
    assert {name for name, _ in made} == set(UNGUARDED)


def test_a_flow_that_asks_as_an_agent_would_be_seen(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text('query = OrderQuery(number, AgentIdentity("bot"))\n', encoding="utf-8")
    assert list(unguarded_calls(flow)) == ["AgentIdentity"]
