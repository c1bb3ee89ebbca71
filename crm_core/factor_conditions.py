"""Conditions on a user and their session, for the queries of log-in."""

from sqlalchemy import ColumnElement, Exists, and_, exists

from crm_core import models
from crm_core.models_sign_in import SecondFactor, SecondFactorRole

BY_PASSWORD, BY_PROVIDER = "password", "provider"  # how somebody logged in; a provider asks for a factor itself


def lacks_factor() -> ColumnElement[bool]:
    """Of a session joined with its user: logged in by password, in a role that needs a factor, and has none."""
    needed = exists().where(SecondFactorRole.role == models.User.role)
    return and_(models.LoginSession.how == BY_PASSWORD, needed, ~has_factor())


def has_factor() -> Exists:
    return exists().where(SecondFactor.user_id == models.User.id, SecondFactor.confirmed_at.is_not(None))
