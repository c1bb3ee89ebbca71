"""What passes a conversation on, and how it is supervised: transfer, escalate, snooze, wake, whisper, take over."""

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.agent_work import take_over, transfer_to_queue
from crm_core.call_recording import ask_to_pause
from crm_core.contracts import UserId
from crm_core.errors import AgentAway, InvalidInput
from crm_core.passing_on import colleagues, escalate_to_supervisor, snooze, transfer_to_agent, wake
from crm_core.supervision import whisper
from crm_core.transcript_letters import send_transcript
from desk.change import Change, Deed, NothingChosen, number_of
from desk.services import Desk
from desk.snoozing import NotLater, wake_time
from desk.words import in_language


def passing_deeds(desk: Desk) -> dict[str, Deed]:
    return {
        "transfer": _transfer(desk), "escalate": _escalate, "snooze": _snooze, "wake": _wake, "take_over": _take_over,
        "whisper": _whisper, "transcript": _send_transcript, "pause_recording": _pause_recording,
    }  # fmt: skip


def _transfer(desk: Desk) -> Deed:
    """The field `to` is `queue:KEY` or `agent:ID`."""
    queues = {queue.key: queue.name for queue in desk.services.business.queues.queues}

    async def transfer(session: AsyncSession, change: Change) -> str:
        kind, _, key = change.fields.get("to", "").partition(":")
        if kind == "agent":
            return await _to_agent(session, change, UserId(number_of({"key": key}, "key")))
        if kind != "queue" or key not in queues:
            raise NothingChosen("Choose a colleague or a queue.")
        reader = change.reader
        await transfer_to_queue(session, reader.now, reader.reach, change.conversation_id, key)
        return reader.words("done.transferred", queue=in_language(queues[key], reader.words.language))

    return transfer


async def _to_agent(session: AsyncSession, change: Change, agent_id: UserId) -> str:
    reader = change.reader
    here = await colleagues(session, reader.reach, change.conversation_id)
    name = next((one.name for one in here if one.id == agent_id), None)
    if name is None:
        raise AgentAway("This colleague is not available at the moment.")
    await transfer_to_agent(session, reader.now, reader.reach, change.conversation_id, agent_id)
    return reader.words("done.offered", name=name)


async def _escalate(session: AsyncSession, change: Change) -> str:
    reader = change.reader
    name = await escalate_to_supervisor(session, reader.now, reader.reach, change.conversation_id, change.text)
    return reader.words("done.escalated", name=name) if name else reader.words("done.escalation_waits")


async def _snooze(session: AsyncSession, change: Change) -> str:
    reader = change.reader
    until = wake_time(reader.clock, change.fields)
    try:
        await snooze(session, reader.now, reader.reach, change.conversation_id, until)
    except InvalidInput as error:
        raise NotLater("Choose a time within 90 days.") from error
    return reader.words("done.snoozed", time=reader.clock.day_and_time(until))


async def _wake(session: AsyncSession, change: Change) -> str:
    await wake(session, change.reader.now, change.reader.reach, change.conversation_id)
    return change.reader.words("done.woken")


async def _whisper(session: AsyncSession, change: Change) -> str:
    await whisper(session, change.reader.now, change.reader.reach, change.conversation_id, change.text)
    return ""


async def _send_transcript(session: AsyncSession, change: Change) -> str:
    reader, address_id = change.reader, change.number("address")
    to = await send_transcript(session, reader.now, reader.reach, change.conversation_id, address_id)
    return reader.words("done.transcript", address=to)


async def _take_over(session: AsyncSession, change: Change) -> str:
    await take_over(session, change.reader.now, change.reader.reach, change.conversation_id)
    return change.reader.words("done.accepted")


async def _pause_recording(session: AsyncSession, change: Change) -> str:
    reader = change.reader
    await ask_to_pause(session, reader.now, reader.reach, change.conversation_id)
    return reader.words("done.pausing_recording")
