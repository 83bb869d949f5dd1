"""The answers to whoever reads and posts, frame by frame; ``room_answers`` has the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..chat.journal import Receipt
from ..chat.rooms import PAGE_EVENTS, REPLAY_EVENTS
from ..core import commands, keys, parsing, wire
from ..core.encoding import b64url
from ..core.errors import Code, Refused
from ..core.model import Member, StoredEvent
from .connection import Connection
from .subscription import wrap_keys

MOST_FRAME_BYTES = 1 << 20
"""No page of history makes a longer frame."""

_HISTORY_HEAD_BYTES = 64 * 1024


async def welcome(connection: Connection, hello: commands.Hello) -> None:
    """← welcome: the server's half of the key agreement, who you are, your rooms, the limits."""
    factory = connection.factory
    try:
        connection.channel = keys.agree(hello.point, hello.nonce)
    except ValueError:
        raise Refused(Code.BAD_COMMAND, "key is not a point of P-256.") from None
    user = connection.visitor.user
    belonging = await factory.welcomes.ask(user.id)
    if connection.is_ending:
        return
    limits = factory.pace.limits
    connection.send(
        wire.encode(
            "welcome",
            version=parsing.VERSION,
            connection=connection.id,
            assets=factory.assets,
            key=b64url(connection.channel.point),
            nonce=b64url(connection.channel.nonce),
            user={
                "id": user.id,
                "username": user.username,
                "full_name": user.full_name,
                "role": user.role,
            },
            rooms=[wire.room_fields(room) for room in belonging.rooms],
            limits={
                "page": PAGE_EVENTS,
                "replay": REPLAY_EVENTS,
                "history": parsing.MOST_HISTORY,
                "body_bytes": limits.body_bytes,
                "frame_bytes": limits.frame_bytes,
                "posts": limits.posts,
            },
        )
    )
    factory.belongings.welcome(connection, belonging)


async def subscribe(connection: Connection, command: commands.Subscribe) -> None:
    """← subscribed, perhaps a gap, then the events above ``since`` (or a page), then live."""
    factory = connection.factory
    entry, view = await factory.fanout.enter(connection.user_id, command.room, command.since)
    if connection.is_ending:
        return
    connection.conversation.entered(command.room)
    connection.send(
        wire.encode(
            "subscribed",
            id=command.id,
            room=command.room,
            last_seq=entry.sight.last_seq,
            keys=wrap_keys(connection.channel, factory.room_keys, entry.keys),
            members=entry.sight.members,
        )
    )
    if entry.gap is not None:
        first, last = entry.gap
        connection.send(wire.encode("gap", room=command.room, **{"from": first, "to": last}))
    subscription = factory.fanout.subscribe(connection, command.room, entry.start, entry.keys)
    try:
        await factory.fanout.catch_up(subscription, view)
    except Exception:
        factory.fanout.unsubscribe(connection, command.room)
        raise


async def history(connection: Connection, command: commands.History) -> None:
    """← history: the events before a number, as many as one frame holds, the newest of them."""
    factory = connection.factory
    page = await factory.room_reader.before(
        connection.user_id, command.room, command.before, command.limit
    )
    events, entries = _fitting(page.events)
    first = events[0].seq if events else command.before
    needed = tuple(key for key in page.keys if key.first_seq < command.before)
    connection.send(
        wire.encode_history(
            command.id,
            command.room,
            entries,
            wrap_keys(connection.channel, factory.room_keys, needed),
            more=bool(events) and first > page.since_seq + 1,
        )
    )


def _fitting(events: tuple[StoredEvent, ...]) -> tuple[list[StoredEvent], list[bytes]]:
    """The newest of ``events`` that fit into one frame, with their encoded entries; ascending."""
    left = MOST_FRAME_BYTES - _HISTORY_HEAD_BYTES
    fitting: list[StoredEvent] = []
    entries: list[bytes] = []
    for event in reversed(events):
        entry = wire.encode_entry(event)
        left -= len(entry) + 1
        if left < 0 and fitting:
            break
        fitting.append(event)
        entries.append(entry)
    return fitting[::-1], entries[::-1]


async def people(connection: Connection, command: commands.People) -> None:
    """← people: who these user ids are, where we share a room."""
    found = await connection.factory.room_reader.people(connection.user_id, command.ids)
    connection.send(
        wire.encode(
            "people",
            id=command.id,
            people=[
                {"id": person.id, "username": person.username, "full_name": person.full_name}
                for person in found
            ],
        )
    )


async def members(connection: Connection, command: commands.Members) -> None:
    """← members: who is in the room (or banned from it), by user name."""
    factory = connection.factory
    found, more = await factory.room_reader.members(
        connection.user_id, command.room, command.after, command.banned
    )
    shown = [_member(one, factory.presence.is_online(one.person.id)) for one in found]
    if not command.banned:
        factory.presence.answered(command.room)
    connection.send(
        wire.encode("members", id=command.id, room=command.room, members=shown, more=more)
    )


def _member(member: Member, is_online: bool) -> dict[str, Any]:
    return {
        "id": member.person.id,
        "username": member.person.username,
        "full_name": member.person.full_name,
        "role": member.role,
        "muted_until": member.muted_until_ms,
        "online": is_online,
    }


async def unsubscribe(connection: Connection, command: commands.Unsubscribe) -> None:
    """No answer: nothing more of the room comes."""
    connection.factory.fanout.unsubscribe(connection, command.room)


async def read(connection: Connection, command: commands.Read) -> None:
    """No answer: all of the person's connections are told ``read``."""
    await connection.factory.signals.read(connection.user_id, command)


async def typing(connection: Connection, command: commands.Typing) -> None:
    """No answer: the others' connections are told ``typing``."""
    await connection.factory.signals.typing(connection.user_id, command)


def posted(connection: Connection, post: commands.Post, receipt: Receipt) -> None:
    """← posted: only after COMMIT, and before the author's own event."""
    connection.send(
        wire.encode(
            "posted",
            id=post.id,
            room=post.room,
            seq=receipt.seq,
            time=receipt.time_ms,
            duplicate=receipt.duplicate,
        )
    )


Answer = Callable[[Any, Any], Awaitable[None]]

ANSWERS: dict[type, Answer] = {
    commands.Subscribe: subscribe,
    commands.Unsubscribe: unsubscribe,
    commands.History: history,
    commands.People: people,
    commands.Members: members,
    commands.Read: read,
    commands.Typing: typing,
}
"""How each command that changes no room is answered, but for hello and posts."""
