"""What the templates of the desk show: values ready to be printed, compared to find out what changed."""

from dataclasses import dataclass, field

from desk.people import Chip, Wait


@dataclass(frozen=True, slots=True)
class Me:
    """The person at the desk."""

    name: str
    initials: str
    role: str
    state: str
    load: int


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in the list."""

    id: int
    name: str
    initials: str
    channel_icon: str
    channel_name: str
    wait: Wait
    last_by: str
    last_line: str
    chips: tuple[Chip, ...]
    unread: bool


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """`waiting` is what the title badge counts."""

    tab: str
    tabs: tuple[Tab, ...]
    waiting: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class HandoffCard:
    title: str
    wants: str
    found: tuple[str, ...]
    told: tuple[str, ...]
    slots: tuple[tuple[str, str], ...]
    signals: tuple[Chip, ...] = ()
    routing: str = ""  # why this agent


@dataclass(frozen=True, slots=True)
class Understood:
    """What the bot made of a message."""

    intent: str
    confidence: str
    entities: tuple[str, ...]
    title: str
    key: str = ""
    corrected: str = ""  # what a colleague says it meant
    moods: tuple[Chip, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """`why` says in words what went wrong; under `settle` a person decides what becomes of it."""

    text: str
    icon: str
    tone: str
    why: str = ""
    settle: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """`is_picture`: shown small at once; others are saved first."""

    name: str
    size: str
    href: str
    is_picture: bool = False
    is_audio: bool = False


@dataclass(frozen=True, slots=True)
class SmallCard:
    """A card as the customer saw it; `link` is a web address or None."""

    title: str
    badge: str
    tone: str
    steps_done: int
    steps_total: int
    lines: tuple[str, ...]
    footnote: str
    link: str | None
    link_label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What an agent must know of a message; `hint` says what it means."""

    text: str
    hint: str
    tone: str


@dataclass(frozen=True, slots=True)
class Moment:
    iso: str
    clock: str
    full: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A message, a note or something that happened. `kind`: message, note, event; `side`: in, out."""

    key: str
    id: str
    kind: str
    side: str
    author: str
    by: str
    text: str
    at: Moment
    day: str = ""
    language: str = ""
    card: SmallCard | None = None
    choices: tuple[str, ...] = ()
    attachments: tuple[File, ...] = ()
    understood: Understood | None = None
    delivery: Delivery | None = None
    marks: tuple[Mark, ...] = ()
    quoted: str = ""
    formatted: str = ""  # address of the formatted view
    has_remote: bool = False
    wrote_into: str = ""  # address of the conversation that somebody else wrote into
    before: tuple[str, ...] = ()  # earlier wordings of an edited message


@dataclass(frozen=True, slots=True)
class ShownHeld:
    """A reply that is about to be sent. `undo` is where it is taken back; empty for another's."""

    id: int
    text: str
    by: str
    undo: str
    files: tuple[tuple[str, str], ...] = ()  # token and name
    closes: bool = False  # the conversation ends with it


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a dialog."""

    key: str
    name: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ShownMacro:
    """A macro, filled in for the conversation that is open."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownNeighbour:
    """Somebody else who has the conversation open."""

    name: str
    types: bool


@dataclass(frozen=True, slots=True)
class ShownColleague:
    """Somebody a conversation can be given to."""

    id: int
    name: str
    role: str
    load: int


@dataclass(frozen=True, slots=True)
class May:
    """What this reader may do with the conversation now."""

    accept: bool = False
    decline: bool = False
    reply: bool = False
    note: bool = False
    transfer: bool = False
    resolve: bool = False
    snooze: bool = False
    wake: bool = False
    take_over: bool = False
    whisper: bool = False
    reopen: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The part above the timeline; changes with the state. The `id` of a lesson is “practice-7”."""

    id: int | str
    state: str
    name: str
    first_name: str
    initials: str
    channel_icon: str
    subtitle: str
    wait: Wait | None
    may: May
    gate: str
    language_in: str
    handoff: HandoffCard | None
    escalated: bool = False
    left: str = ""  # the customer gave up waiting, when
    follows: str = ""  # address of the conversation that was closed before
    recording: str = "none"  # running, paused
    back: str = ""  # where the way back leads, if not to the list


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Head, timeline and the choices of the dialogs. `is_cut`: older entries are left out."""

    head: Head
    entries: tuple[Entry, ...]
    is_cut: bool
    queues: tuple[Option, ...]
    dispositions: tuple[Option, ...]
    intents: tuple[Option, ...] = ()
    held: tuple[ShownHeld, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownCorrection:
    """One line of the review list."""

    id: int
    conversation_id: int
    text: str
    language: str
    was: str
    meant: str
    by: str
    when: str
    when_full: str


@dataclass(frozen=True, slots=True)
class ShownSend:
    """One message that did not get through."""

    id: int
    conversation_id: int
    name: str
    channel_icon: str
    inbox_name: str
    text: str
    state: str
    tone: str
    why: str
    when: str
    when_full: str


@dataclass(frozen=True, slots=True)
class ShownJob:
    """One job that was given up."""

    id: int
    conversation_id: int | None
    name: str
    why: str
    attempts: int
    when: str
    when_full: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    is_number: bool = False
    mark: Chip | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Another conversation of the same customer; `href` is None for the one that is open."""

    channel_icon: str
    text: str
    day: str
    at_full: str
    href: str | None


@dataclass(frozen=True, slots=True)
class ShownMail:
    """A proven address to which the conversation can be sent."""

    address_id: int
    address: str


@dataclass(frozen=True, slots=True)
class ShownWay:
    """Where else the customer can be written to."""

    inbox_id: int
    address_id: int
    channel_icon: str
    address: str
    inbox_name: str


@dataclass(frozen=True, slots=True)
class ShownKin:
    """Another contact who may be the same person; `evidence` are sentences."""

    contact_id: int
    name: str
    addresses: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownMerge:
    id: int
    name: str
    day: str


@dataclass(frozen=True, slots=True)
class ShownConsent:
    """To news and offers; `hint` holds the text they would agree to."""

    is_given: bool
    chip: Chip
    since: str
    hint: str


@dataclass(frozen=True, slots=True)
class CustomerPanel:
    """`orders_url` is None while nobody knows which customer of the ERP this is."""

    facts: tuple[Fact, ...]
    timeline: tuple[Past, ...] = field(default_factory=tuple)
    orders_url: str | None = None
    conversation_id: int = 0
    ways: tuple[ShownWay, ...] = ()
    kin: tuple[ShownKin, ...] = ()
    merges: tuple[ShownMerge, ...] = ()
    may_merge: bool = False
    consent: ShownConsent | None = None
    lead_id: int | None = None
    mail: ShownMail | None = None
