"""The tables of log-in beyond the password: second factors, recovery codes, identities of another provider."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class SecondFactor(Base):
    """The secret that a person's app shares with us, encrypted; it counts once a code of it was given."""

    __tablename__ = "second_factor"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(server_default=sql("0"))  # of the last code taken: none is taken twice


class RecoveryCode(Base):
    """A code for a day without the app; the row goes when it is used."""

    __tablename__ = "recovery_code"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)


class OutsideIdentity(Base):
    """Who a person is at the sign-in provider: its own id for them, which never goes to somebody else."""

    __tablename__ = "outside_identity"
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class SecondFactorRole(Base):
    """A role that may not work without a second factor."""

    __tablename__ = "second_factor_role"
    role: Mapped[str] = mapped_column(primary_key=True)
