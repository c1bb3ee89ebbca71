"""Who may see an order, on the embedded ERP and on one that searches loosely."""

import pytest

from crm_core.erp.ownership import Proof, order_contact, prove_ownership
from crm_core.erp.port import Customer
from crm_core.erp.query import OrderQuery
from crm_core.erp.sql import SqlErp
from tests.support.erp import ScriptedErp, anyones, order

MARIA = Customer("C1", "María López", ("maria@example.com",), ("+34 612 345 678",), "es")
TOM = Customer("C2", "Tom Walsh", ("tom@example.com",), ("+44 7700 900123",), "en")


@pytest.fixture
def far() -> ScriptedErp:
    return ScriptedErp(orders={"1001": order("1001", "C1"), "1002": order("1002", "C2")}, customers=(MARIA, TOM))


@pytest.mark.parametrize("proof", [
    Proof(email="maria.lopez@example.com"), Proof(email=" MARIA.LOPEZ@EXAMPLE.COM"), Proof(phone="+34 612 345 678"),
    Proof(phone="612 34 56 78"), Proof(phone="0034612345678"), Proof(phone_last4="5678"), Proof(phone_last4=" 5678 "),
])  # fmt: skip
async def test_a_contact_on_file_proves_the_order(erp: SqlErp, proof: Proof) -> None:
    proven = await prove_ownership(erp, "#100234", proof)
    assert proven is not None
    assert (proven.customer.name, proven.order.number) == ("María López", "100234")


@pytest.mark.parametrize("ref", ["100234", "999999", "100234' or '1'='1"])
@pytest.mark.parametrize("proof", [
    Proof(email="tom.walsh@example.com"), Proof(email="nobody@example.com"), Proof(email="%"), Proof(email=""),
    Proof(phone="+44 7700 900123"), Proof(phone="5678"), Proof(phone_last4="0123"), Proof(phone_last4="567"),
    Proof(phone_last4="٥٦٧٨"), Proof(phone_last4=""), Proof(phone_last4="%%%%"),
])  # fmt: skip
async def test_anything_else_proves_nothing(erp: SqlErp, ref: str, proof: Proof) -> None:
    assert await prove_ownership(erp, ref, proof) is None


@pytest.mark.parametrize(("right", "foreign", "unknown"), [
    (Proof(email="maria@example.com"), Proof(email="tom@example.com"), Proof(email="nobody@example.com")),
    (Proof(phone="+34 612 345 678"), Proof(phone="+44 7700 900123"), Proof(phone="+34 600 000 000")),
    (Proof(phone_last4="5678"), Proof(phone_last4="0123"), Proof(phone_last4="0000")),
])  # fmt: skip
async def test_not_found_and_not_yours_cost_the_same_calls_as_success(
    far: ScriptedErp, right: Proof, foreign: Proof, unknown: Proof
) -> None:
    traces = []
    for ref, proof in [("1001", right), ("1001", foreign), ("1001", unknown), ("9999", right), ("9999", unknown)]:
        far.calls.clear()
        proven = await prove_ownership(far, ref, proof)
        assert (proven is not None) == (ref == "1001" and proof is right)
        traces.append(tuple(far.calls))
    assert len(set(traces)) == 1
    assert len(traces[0]) == 2


class LooseErp(ScriptedErp):
    """Finds by part of an address and forgets the owner guard, as a badly set up connector might."""

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        await super().find_customers(email=email, phone=phone, limit=limit)
        return self.customers

    async def get_order(self, query: OrderQuery) -> object:  # type: ignore[override]
        return await super().get_order(anyones(query.ref))


@pytest.mark.parametrize("proof", [Proof(email="m@example.com"), Proof(phone="+34 612 345 679")])
async def test_a_loose_search_of_the_erp_proves_nothing(far: ScriptedErp, proof: Proof) -> None:
    loose = LooseErp(orders=far.orders, customers=far.customers)
    assert await prove_ownership(loose, "1001", proof) is None


async def test_a_missing_owner_guard_of_the_erp_proves_nothing(far: ScriptedErp) -> None:
    loose = LooseErp(orders=far.orders, customers=far.customers)
    assert await prove_ownership(loose, "1001", Proof(email="tom@example.com")) is None


async def test_one_of_two_customers_with_the_same_number_owns_it(far: ScriptedErp) -> None:
    flatmate = Customer("C3", "Flatmate", (), MARIA.phones)
    far.customers = (flatmate, MARIA, TOM)
    proven = await prove_ownership(far, "1001", Proof(phone="+34 612 345 678"))
    assert proven is not None
    assert proven.customer is MARIA


@pytest.mark.parametrize("parts", [{}, {"email": "a@example.com", "phone": "+34 612 345 678"}])
def test_a_proof_is_exactly_one_thing(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Proof(**parts)


async def test_the_address_on_file_is_told_masked(erp: SqlErp) -> None:
    contact = await order_contact(erp, "100234")
    assert contact is not None
    assert (contact.email, contact.masked_email) == ("maria.lopez@example.com", "m•••@example.com")
    assert (contact.customer_id, contact.language) == ("C1001", "es")


async def test_without_an_address_there_is_nowhere_to_send_a_code(far: ScriptedErp) -> None:
    far.customers = (Customer("C1", "María López"),)
    assert await order_contact(far, "1001") is None
    assert await order_contact(far, "9999") is None
    assert await order_contact(far, "' or 1=1") is None
