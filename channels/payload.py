"""Bodies from outside, read once and safely: size, depth, NUL and lone surrogates are refused with a sentence."""

from collections.abc import AsyncIterator
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from crm_core.errors import InvalidInput, Malformed, TooLarge

Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """A JSON body of ours: unknown keys are ignored, so that an older page may talk to a newer server."""

    model_config = ConfigDict(frozen=True, strict=True)


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]


async def read_limited(chunks: AsyncIterator[bytes], declared: str | None, limit: int) -> bytes:
    """The body, never more than `limit` bytes in memory. Raises TooLarge."""
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limit:
        raise TooLarge(f"The body is too large: {limit} bytes at most.")
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body is too large: {limit} bytes at most.")
    return bytes(body)


def read_json(model: type[Model], body: bytes) -> Model:
    """`body` as `model`. Raises Malformed for what is no JSON, InvalidInput for JSON of another shape.

    pydantic's own parser limits the depth to 200 and refuses lone surrogates and bad UTF-8.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Malformed("The body is not valid JSON.") from None
        field = ".".join(str(part) for part in first["loc"])[:80]
        raise InvalidInput(f"“{field}” is missing or wrong.") from None
