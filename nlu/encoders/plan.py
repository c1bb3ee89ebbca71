"""Which encoders a model is trained with: the settings' choice, or the best that this machine can have."""

from dataclasses import dataclass

from nlu.encoders import e5, hub, minilm
from nlu.encoders.encoder import EncoderError
from nlu.encoders.packages import Progress
from nlu.encoders.shelf import URL_SCHEME, EncoderShelf
from nlu.sentences import Block

AUTO = "auto"
_ENGLISH = ("en",)
_CHOICES: dict[str, tuple[Block, ...]] = {
    "both": (Block(e5.NAME), Block(minilm.NAME, _ENGLISH)),
    "e5": (Block(e5.NAME),),
    "minilm": (Block(minilm.NAME, _ENGLISH),),
    "tfidf": (),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The blocks of a model, their encoders prepared; `shortfall` says why it is not the best there is."""

    blocks: tuple[Block, ...]
    shelf: EncoderShelf
    shortfall: str | None = None


def planned(choice: str, shelf: EncoderShelf, progress: Progress) -> Plan:
    """`choice` as in the settings. Raises EncoderError when it cannot be had; `auto` then goes without."""
    try:
        blocks = _CHOICES["both"] if choice == AUTO else _chosen(choice)
        for block in blocks:
            shelf.prepare(block.encoder, progress)
    except EncoderError as error:
        if choice != AUTO:
            raise
        return Plan((), shelf, _without(error))
    return Plan(blocks, shelf)


def _chosen(choice: str) -> tuple[Block, ...]:
    if choice in _CHOICES:
        return _CHOICES[choice]
    if choice.startswith((hub.SCHEME, URL_SCHEME)):
        return (Block(choice),)
    known = ", ".join([AUTO, *_CHOICES, f"{URL_SCHEME}model", f"{hub.SCHEME}owner/name"])
    raise EncoderError(f"there is no encoder “{choice}”; choose one of {known}")


def _without(error: EncoderError) -> str:
    return (
        f"{error} The model goes by words alone and understands fewer wordings; "
        "run `python -m bot train` again when the packages can be reached."
    )
