"""Errors as RFC 9457 problem details: a code, and a sentence that says what to do; never text of an exception."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from crm_core.errors import InvalidInput, Malformed, NotFound, SwitchboardError, Unauthenticated

RETRY_AFTER_S = 2
MOST_FIELD_CHARACTERS = 80


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem_response(error: SwitchboardError, headers: Mapping[str, str] | None = None) -> Response:
    told = Problem(
        type=f"/api/v1/docs#{error.code}", title=HTTPStatus(error.status).phrase, status=error.status, code=error.code,
        detail=str(error),
    )  # fmt: skip
    own = {"Retry-After": str(RETRY_AFTER_S)} if error.retryable else {}
    if isinstance(error, Unauthenticated):
        own["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(told.model_dump(), error.status, {**own, **(headers or {})})


def told_of_validation(errors: Sequence[Any]) -> SwitchboardError:
    """The first field that is wrong, by name; its value is nobody's business."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return Malformed("The body is not valid JSON.")
    place, *path = first["loc"] or ("",)
    field = ".".join(str(part) for part in path)[:MOST_FIELD_CHARACTERS]
    if field.lower() == "idempotency-key":
        return InvalidInput("Send a header Idempotency-Key of at most 200 characters, a new one for each new request.")
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"“{field}” is nothing that can be given here; leave it out.")
    if place == "path":
        return NotFound("There is nothing at this address; an id is a whole number.")
    return InvalidInput(f"“{field or place}” is missing or wrong; /api/v1/docs says what it may be.")
