"""The answers ``done``: to everything that is done to a room and to who is in it.

What a connection has posted before is stored before: its own order is kept.
"""

from __future__ import annotations

from typing import Any

from ..core import commands as c
from ..core import wire
from ..core.model import Room, RoomId
from .answers import Answer
from .connection import Connection


async def create_room(connection: Connection, command: c.CreateRoom) -> None:
    """← done: the room, new or (a direct one) found."""
    room = await connection.factory.room_changes.create(connection.user_id, command)
    _enter(connection, command.id, room)


async def join_room(connection: Connection, command: c.JoinRoom) -> None:
    """← done: the room."""
    room = await connection.factory.room_changes.join(connection.user_id, command)
    _enter(connection, command.id, room)


def _enter(connection: Connection, request: str, room: Room) -> None:
    if connection.is_ending:
        return
    connection.factory.belongings.know(connection, [room])
    connection.send(wire.encode("done", id=request, room=wire.room_fields(room)))


async def find_rooms(connection: Connection, command: c.FindRooms) -> None:
    """← done: public rooms, by id."""
    found, more = await connection.factory.room_reader.find(
        connection.user_id, command.text, command.after
    )
    rooms = [
        {
            "id": room.id,
            "name": room.name,
            "topic": room.topic,
            "members": room.members,
            "joined": room.joined,
        }
        for room in found
    ]
    connection.send(wire.encode("done", id=command.id, rooms=rooms, more=more))


async def change(connection: Connection, command: c.Change) -> None:
    """← done: the number of the event that says so."""
    changed = await connection.factory.room_changes.change(connection.user_id, command)
    _done(connection, command.id, command.room, seq=changed.event.seq)


async def invite(connection: Connection, command: c.Invite) -> None:
    """← done: the link, which is told this once."""
    link = await connection.factory.room_changes.invite(connection.user_id, command)
    _done(
        connection,
        command.id,
        command.room,
        token=link.token,
        path=f"/join/{link.token}",
        expires=link.expires_ms,
        uses=link.uses,
    )


async def revoke(connection: Connection, command: c.RevokeInvites) -> None:
    """← done: how many links to the room were still good."""
    count = await connection.factory.room_changes.revoke(connection.user_id, command)
    _done(connection, command.id, command.room, revoked=count)


async def report(connection: Connection, command: c.Report) -> None:
    """← done: the administrators will find it."""
    await connection.factory.room_changes.report(connection.user_id, command)
    connection.send(wire.encode("done", id=command.id))


async def erase(connection: Connection, command: c.EraseRoom) -> None:
    """← done: nothing of the room opens any more."""
    await connection.factory.erasure.erase_room(connection.user_id, command.room)
    connection.send(wire.encode("done", id=command.id))


def _done(connection: Connection, request: str, room: RoomId, **fields: Any) -> None:
    connection.send(wire.encode("done", id=request, room=room, **fields))


ANSWERS: dict[type, Answer] = {
    c.CreateRoom: create_room,
    c.JoinRoom: join_room,
    c.FindRooms: find_rooms,
    c.Delete: change,
    c.RenameRoom: change,
    c.SetTopic: change,
    c.ArchiveRoom: change,
    c.SetRetention: change,
    c.LeaveRoom: change,
    c.AddMember: change,
    c.Kick: change,
    c.Ban: change,
    c.Unban: change,
    c.Mute: change,
    c.Unmute: change,
    c.SetRole: change,
    c.Invite: invite,
    c.RevokeInvites: revoke,
    c.Report: report,
    c.EraseRoom: erase,
}
"""How each command that is answered ``done`` is answered."""
