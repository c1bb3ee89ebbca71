"""The kinds of values that business files share: keys, languages, zones, texts in each language."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(f"“{name}” is no IANA time zone; write it like Europe/Madrid") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
LanguageCode = Annotated[str, Field(pattern="^(en|ru|es)$")]
Translated = dict[LanguageCode, str]
Key = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Seconds = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """A misspelt key is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
