"""Tables about who a contact may be, beyond the contact itself."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class AddressClaim(Base):
    """A channel proved that this contact has an address which belongs to another one here."""

    __tablename__ = "address_claim"
    __table_args__ = (UniqueConstraint("contact_id", "uri"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    uri: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
