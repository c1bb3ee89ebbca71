"""Who asks for an order: none is read without a verified customer, an agent's identity, or a proof under way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerifiedBuyer:
    """A customer of the ERP who has shown that they are the one: sees their own orders and no other."""

    customer_id: str

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise ValueError("a verified buyer has an id in the ERP")


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """Somebody of the company who is logged in: sees every order. `login` says who, for whoever reads the code."""

    login: str

    def __post_init__(self) -> None:
        if not self.login:
            raise ValueError("an agent has a login")


@dataclass(frozen=True, slots=True)
class ProofUnderWay:
    """For `ownership.py` alone, which must look at an order before it can say whose it is, and tells nothing of it."""


Asker = VerifiedBuyer | AgentIdentity | ProofUnderWay


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """`ref` is our number or the customer's own. There is no query without somebody who asks."""

    ref: str
    asker: Asker

    def __post_init__(self) -> None:
        # types are checked at rest; this holds for whatever reaches us as “any” as well
        if not isinstance(self.asker, VerifiedBuyer | AgentIdentity | ProofUnderWay):
            raise TypeError("an order is asked for by a verified buyer, by an agent, or to prove whose it is")

    @property
    def customer_id(self) -> str | None:
        """The owner guard that goes into the ERP's own question; None where there is none."""
        return self.asker.customer_id if isinstance(self.asker, VerifiedBuyer) else None
