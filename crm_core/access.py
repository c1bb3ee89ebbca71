"""Who may see and do what: the one place that decides, for every page, socket, search and export."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, true

from crm_core import models
from crm_core.errors import Forbidden, NotFound
from crm_core.states import ConversationState, Role, Scope, Visibility


@dataclass(frozen=True, slots=True)
class KeyRights:
    """What a program may do with its API key; without a limit to teams it is for every conversation."""

    key_id: int
    scopes: frozenset[Scope]
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of staff who asks, or a program with an API key: then `key` decides and the role says nothing."""

    user_id: int
    role: Role
    teams: frozenset[str]
    name: str
    language: str = "en"
    time_zone: str | None = None
    key: KeyRights | None = None

    @property
    def sees_all(self) -> bool:
        return not self.key.is_limited if self.key else self.role in _SEES_ALL


@dataclass(frozen=True, slots=True)
class Reach:
    """A viewer, and which teams serve which queue (from `queues.yml`)."""

    viewer: Viewer
    queue_teams: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def queues(self) -> frozenset[str]:
        """The queues that the viewer's teams serve."""
        return frozenset(key for key, teams in self.queue_teams.items() if teams & self.viewer.teams)

    @property
    def sees_all(self) -> bool:
        return self.viewer.sees_all


class Action(StrEnum):
    READ = "read"
    NOTE = "note"
    ACCEPT = "accept"
    TAKE_OVER = "take_over"
    REPLY = "reply"
    TRANSFER = "transfer"
    CLOSE = "close"
    REOPEN = "reopen"
    SEND_TRANSCRIPT = "send_transcript"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    WHISPER = "whisper"
    SETTLE_SEND = "settle_send"
    EXPORT = "export"
    ERASE = "erase"
    MERGE = "merge"
    SUPERVISE = "supervise"
    REPORT = "report"
    CAMPAIGN = "campaign"
    SELL = "sell"
    TRAIN = "train"
    PLAN = "plan"
    ADMINISTER = "administer"


_SEES_ALL = frozenset({Role.SUPERVISOR, Role.ADMIN})
_OWNER_ONLY = frozenset(
    {Action.REPLY, Action.TRANSFER, Action.CLOSE, Action.ESCALATE, Action.SNOOZE, Action.SEND_TRANSCRIPT}
)
_ONCE_CLOSED = frozenset({Action.REOPEN, Action.SEND_TRANSCRIPT})  # then by anybody who sees it
_ANYBODY_WHO_SEES = frozenset({Action.READ, Action.NOTE})
_TEAM_STATES = (
    ConversationState.QUEUED, ConversationState.OFFERED, ConversationState.ASSIGNED, ConversationState.WRAP_UP,
    ConversationState.SNOOZED, ConversationState.CLOSED,
)  # fmt: skip
_BY_ROLE: Mapping[Action, frozenset[Role]] = {
    Action.TAKE_OVER: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.WHISPER: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.SETTLE_SEND: frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN}),
    Action.MERGE: frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN}),
    Action.EXPORT: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.SUPERVISE: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.REPORT: frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN}),
    Action.CAMPAIGN: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.SELL: frozenset(Role),
    Action.TRAIN: frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN}),
    Action.PLAN: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.ERASE: frozenset({Role.ADMIN}),
    Action.ADMINISTER: frozenset({Role.ADMIN}),
}
_BY_SCOPE: Mapping[Action, Scope] = {
    Action.READ: Scope.CONVERSATIONS_READ,
    Action.NOTE: Scope.NOTES_WRITE,
    Action.REPLY: Scope.MESSAGES_WRITE,
    Action.TRANSFER: Scope.CONVERSATIONS_WRITE,
    Action.CLOSE: Scope.CONVERSATIONS_WRITE,
    Action.SNOOZE: Scope.CONVERSATIONS_WRITE,
    Action.EXPORT: Scope.EXPORTS_READ,
    Action.REPORT: Scope.REPORTS_READ,
}
_HIDDEN_WITHOUT: Mapping[Visibility, Scope] = {
    Visibility.INTERNAL: Scope.NOTES_READ,
    Visibility.WHISPER: Scope.WHISPERS_READ,
}


def visible_conversations(reach: Reach) -> ColumnElement[bool]:
    """The condition every query for conversations carries: the same rule as `sees`, in SQL."""
    conversation = models.Conversation
    if reach.sees_all:
        return true()
    of_teams = conversation.queue_key.in_(sorted(reach.queues))
    still_theirs = or_(conversation.state != ConversationState.CLOSED, conversation.queue_key.is_(None), of_teams)
    own = and_(conversation.agent_id == reach.viewer.user_id, still_theirs)
    return or_(own, and_(of_teams, conversation.state.in_(_TEAM_STATES)))


def is_outsider(reach: Reach, agent_id: int | None, queue_key: str | None) -> bool:
    """Whether a conversation is neither the viewer's own nor one of their teams' queues: reading it is written down."""
    return agent_id != reach.viewer.user_id and queue_key not in reach.queues


def sees(reach: Reach, conversation: models.Conversation) -> bool:
    """Whether the viewer may know that this conversation exists."""
    if reach.sees_all:
        return True
    of_teams = conversation.queue_key in reach.queues
    if conversation.agent_id == reach.viewer.user_id:  # once it is closed, who left the team leaves it behind
        return of_teams or conversation.queue_key is None or conversation.state != ConversationState.CLOSED
    return of_teams and conversation.state in _TEAM_STATES


def hears(reach: Reach, writer_id: int | None, meant_for: int | None) -> bool:
    """Whether a whisper is for the viewer: who supervises, who wrote it, whom it is meant for; not the team."""
    if reach.viewer.key is not None:
        return Scope.WHISPERS_READ in reach.viewer.key.scopes
    return reach.viewer.role in _SEES_ALL or reach.viewer.user_id in (writer_id, meant_for)


def audible(reach: Reach, message: type[models.Message]) -> ColumnElement[bool]:
    """The condition every query for single messages carries beside `visible_conversations`: as `hears`, in SQL."""
    if reach.viewer.key is not None:
        return message.visibility.not_in(sorted(kept_from(reach.viewer)))
    if reach.sees_all:
        return true()
    own_id = reach.viewer.user_id
    is_meant = message.content["whisper_to"].as_integer() == own_id
    return or_(message.visibility != Visibility.WHISPER, message.agent_id == own_id, is_meant)


def kept_from(viewer: Viewer) -> frozenset[Visibility]:
    """What kinds of messages a program does not get: notes and whispers have scopes of their own. Nothing for staff."""
    if viewer.key is None:
        return frozenset()
    scopes = viewer.key.scopes
    return frozenset(visibility for visibility, scope in _HIDDEN_WITHOUT.items() if scope not in scopes)


def visible_contacts(reach: Reach) -> ColumnElement[bool]:
    """Customers of whom the viewer may see a conversation, or who have none yet and so are nobody's."""
    if reach.sees_all:
        return true()
    conversation = models.Conversation
    theirs = exists().where(conversation.contact_id == models.Contact.id)
    return or_(theirs.where(visible_conversations(reach)), ~theirs)


def require(reach: Reach, action: Action, conversation: models.Conversation) -> None:
    """Raises NotFound for what the viewer may not even know of, Forbidden for what they may only look at."""
    if not sees(reach, conversation):
        raise NotFound("There is no such conversation.")
    if not _may(reach, action, conversation):
        raise Forbidden("You may see this conversation, but not do this with it.")


def _may(reach: Reach, action: Action, conversation: models.Conversation) -> bool:
    viewer = reach.viewer
    if viewer.key is not None:
        return _BY_SCOPE.get(action) in viewer.key.scopes
    once_closed = action in _ONCE_CLOSED and conversation.state == ConversationState.CLOSED
    if action in _ANYBODY_WHO_SEES or once_closed:
        return True
    if action is Action.SETTLE_SEND and _owns(viewer, conversation):
        return True
    if action in _BY_ROLE:
        return viewer.role in _BY_ROLE[action]
    if action is Action.ACCEPT:
        with_bot = conversation.state == ConversationState.BOT
        return viewer.role in _SEES_ALL if with_bot else True
    return action in _OWNER_ONLY and _owns(viewer, conversation)


def _owns(viewer: Viewer, conversation: models.Conversation) -> bool:
    """An offer is not yet accepted, so nobody owns it."""
    return conversation.agent_id == viewer.user_id and conversation.state != ConversationState.OFFERED


def allows(role: Role, action: Action) -> bool:
    """For what concerns no single conversation."""
    return role in _BY_ROLE.get(action, frozenset())


def require_role(viewer: Viewer, action: Action) -> None:
    """Raises Forbidden for what the viewer's role, or the scopes of a key, do not allow anywhere."""
    if viewer.key is not None:
        if _BY_SCOPE.get(action) not in viewer.key.scopes:
            raise Forbidden("This key does not allow it; ask an administrator for one with the scope it needs.")
        return
    if not allows(viewer.role, action):
        raise Forbidden("Your role does not allow this; ask an administrator.")


def report_queues(reach: Reach) -> frozenset[str] | None:
    """The queues whose figures the viewer may see; None for all of them, and for what was in no queue."""
    return None if reach.sees_all else reach.queues


def sees_practice(viewer: Viewer, user_id: int, teams: Collection[str]) -> bool:
    """Whether the viewer may see what this person did in practice: their own, or that of the people they train."""
    return viewer.user_id == user_id or trains(viewer, teams)


def trains(viewer: Viewer, teams: Collection[str]) -> bool:
    """Whether the viewer gives lessons to a member of `teams`: a lead to their own team, a supervisor to everybody."""
    return allows(viewer.role, Action.TRAIN) and (viewer.sees_all or bool(viewer.teams & set(teams)))
