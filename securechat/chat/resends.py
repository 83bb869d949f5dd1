"""What makes a command that comes again recognizable: ids that follow from it, and what it said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..core import commands as c
from ..core.encoding import b64url
from ..core.model import MessageId, RoomId, UserId


def room_id(actor: UserId, command: c.CreateRoom, mid: MessageId) -> RoomId:
    """The id of a new room: the same for every resend, and for a direct room of the same people."""
    if command.kind != "direct":
        return RoomId(_hashed("room", actor, mid)[:22])
    return RoomId("d" + _hashed("direct", *sorted({actor, *command.people}))[:21])


def is_told_by(
    command: c.Change | c.CreateRoom | c.Report, said: Mapping[str, object], time_ms: int
) -> bool:
    """Whether an event that says this, made at ``time_ms``, is the one that ``command`` writes."""
    told: dict[str, object]
    match command:
        case c.CreateRoom():
            told = {"kind": "created", "room_kind": command.kind}
        case c.Report():
            told = {"kind": "report", "target": command.seq, "body": command.reason}
        case _:
            told = {"kind": c.KINDS[type(command)]}
    if isinstance(command, c.Delete):
        told["target"] = command.seq
    elif isinstance(command, c.Mute):
        seconds = command.seconds
        told["until"] = None if seconds is None else time_ms + seconds * 1000
    return all(
        value == told.get(name, getattr(command, name, value)) for name, value in said.items()
    )


def _hashed(*lines: str) -> str:
    return b64url(hashlib.sha256("\n".join(lines).encode("ascii")).digest())
