"""What Telegram tells a bot (core.telegram.org/bots/api#update), and what each update means to us."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crm_core.contracts import Address, AddressKind, Edit, Identity, Inbound, Incoming, JsonObject, Reachability
from crm_core.contracts import RemoteFile as File

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
COMMANDS = {"/start": "greeting", "/help": "help"}
SHARE_PHONE = "/phone"
BLOCKED = "blocked_by_customer"


class Told(BaseModel):
    """Unknown keys are ignored: Telegram adds some with every version."""

    model_config = ConfigDict(frozen=True, strict=True)


class User(Told):
    id: int
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""


class Chat(Told):
    id: int
    type: str


class StoredFile(Told):
    """Photos, documents, voice notes and all others that have an id."""

    file_id: str
    file_name: str = ""
    mime_type: str = ""
    file_size: int = 0


class SharedContact(Told):
    phone_number: str
    first_name: str = ""
    user_id: int | None = None


class Sticker(Told):
    emoji: str = ""


class Location(Told):
    latitude: float
    longitude: float


class Button(Told):
    text: str
    callback_data: str | None = None


class Keyboard(Told):
    inline_keyboard: list[list[Button]] = []


class Message(Told):
    message_id: int
    date: int = 0
    chat: Chat
    sender: User | None = Field(None, alias="from")
    text: str = ""
    caption: str = ""
    photo: list[StoredFile] = []
    document: StoredFile | None = None
    voice: StoredFile | None = None
    audio: StoredFile | None = None
    video: StoredFile | None = None
    video_note: StoredFile | None = None
    sticker: Sticker | None = None
    location: Location | None = None
    contact: SharedContact | None = None
    reply_markup: Keyboard | None = None

    @property
    def key(self) -> str:
        return f"{self.chat.id}:{self.message_id}"


class CallbackQuery(Told):
    id: str
    sender: User = Field(alias="from")
    data: str = ""
    message: Message | None = None


class Member(Told):
    status: str


class MemberChange(Told):
    chat: Chat
    new_chat_member: Member


class Update(Told):
    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberChange | None = None


def read_update(body: bytes) -> Update | None:
    """None for what is no update of ours: pydantic's parser also limits depth and refuses lone surrogates."""
    try:
        return Update.model_validate_json(body)
    except ValidationError:
        return None


def meaning(update: Update, languages: tuple[str, ...], raw: bytes) -> Incoming | None:
    """None for what nobody needs to see: groups, joined channels, messages without anything we know."""
    if update.callback_query is not None:
        return _pressed(update.callback_query, languages, raw)
    if update.edited_message is not None and is_private(update.edited_message.chat):
        said = update.edited_message
        return Edit(said.key, said.text or said.caption)
    if update.my_chat_member is not None and is_private(update.my_chat_member.chat):
        blocked = update.my_chat_member.new_chat_member.status in ("kicked", "left")
        return Reachability(address_of(update.my_chat_member.chat.id), not blocked, BLOCKED if blocked else "unblocked")
    if update.message is not None and is_private(update.message.chat) and command_of(update.message) != SHARE_PHONE:
        return _said(update.message, languages, raw)
    return None


def is_private(chat: Chat) -> bool:
    return chat.type == "private"


def address_of(chat_id: int) -> Address:
    """In a private chat the chat's id is the person's."""
    return Address(AddressKind.TELEGRAM, str(chat_id))


def language_of(user: User | None, languages: tuple[str, ...]) -> str | None:
    """The customer's own, where the company speaks it."""
    code = user.language_code.partition("-")[0].lower() if user is not None else ""
    return code if code in languages else None


def command_of(message: Message) -> str:
    """`/start` of “/start@our_bot from_the_website”; empty where there is none."""
    first = message.text.split(maxsplit=1)[0] if message.text.startswith("/") else ""
    return first.partition("@")[0].lower()


def _pressed(query: CallbackQuery, languages: tuple[str, ...], raw: bytes) -> Inbound | None:
    """A button under our message; the text is what stood on it."""
    if not query.data or (query.message is not None and not is_private(query.message.chat)):
        return None
    keyboard = query.message.reply_markup if query.message is not None else None
    buttons = [button for row in keyboard.inline_keyboard for button in row] if keyboard is not None else []
    label = next((button.text for button in buttons if button.callback_data == query.data), query.data)
    return Inbound(
        f"button:{query.id}", address_of(query.sender.id), label, choice=query.data, raw=raw,
        language=language_of(query.sender, languages),
    )  # fmt: skip


def _said(message: Message, languages: tuple[str, ...], raw: bytes) -> Inbound | None:
    text, files, extra = _text_of(message), _files_of(message), _extra_of(message)
    if not text and not files:
        return None
    return Inbound(
        message.key, address_of(message.chat.id), text, choice=COMMANDS.get(command_of(message)), raw=raw,
        language=language_of(message.sender, languages), identity=_identity_of(message), remote_files=files,
        sent_at=datetime.fromtimestamp(message.date, UTC) if 0 < message.date < 2**32 else None, extra=extra,
    )  # fmt: skip


def _text_of(message: Message) -> str:
    if message.contact is not None:
        return _e164(message.contact.phone_number)
    if message.location is not None:
        return f"{message.location.latitude}, {message.location.longitude}"
    said = message.text or message.caption or (message.sticker.emoji if message.sticker is not None else "")
    return said.replace("\x00", "")


def _identity_of(message: Message) -> Identity | None:
    """Only one's own number proves anything: anybody can forward somebody else's card.

    The name is taken at the start alone: later the ERP may know a better one.
    """
    user, card = message.sender, message.contact
    if user is None:
        return None
    if card is not None and card.user_id == user.id:
        return Identity(phone=_e164(card.phone_number))
    name = f"{user.first_name} {user.last_name}".strip()
    return Identity(name=name) if name and command_of(message) == "/start" else None


def _e164(number: str) -> str:
    """Telegram leaves the plus out on some devices."""
    return number if number.startswith("+") else f"+{number}"


def _extra_of(message: Message) -> JsonObject:
    spot = message.location
    return {"location": {"latitude": spot.latitude, "longitude": spot.longitude}} if spot is not None else {}


def _files_of(message: Message) -> tuple[File, ...]:
    """Of a photo's sizes the last is the largest."""
    found = [File(size.file_id, "photo.jpg", "image/jpeg") for size in message.photo[-1:]]
    named = (
        (message.document, "file", "application/octet-stream"), (message.voice, "voice.ogg", "audio/ogg"),
        (message.audio, "audio.mp3", "audio/mpeg"), (message.video, "video.mp4", "video/mp4"),
        (message.video_note, "video.mp4", "video/mp4"),
    )  # fmt: skip
    found += [File(file.file_id, file.file_name or name, file.mime_type or kind) for file, name, kind in named if file]
    return tuple(found)
