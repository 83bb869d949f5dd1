"""Invite links in memory, and who has followed them."""

from __future__ import annotations

import hashlib

from securechat.chat.changes import Invitation
from securechat.core import commands
from securechat.core.errors import Code, Refused
from securechat.core.model import (
    GENERAL,
    PublicRoom,
    Room,
    RoomId,
    UserId,
    digest_of,
)

from .fakes_accounts import START_MS, MemoryAccounts


class MemoryRooms:
    """What invitations need of rooms: links that lead into one, and who has followed them."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.banned: set[UserId] = set()
        self.invited: list[commands.Invite] = []

    def link(self, name: str, room: str = "r00m") -> str:
        """A new link, good for one person; its token."""
        token = hashlib.sha256(name.encode()).hexdigest()[:43]
        self.people.invites[digest_of(token)] = RoomId(room)
        return token

    async def invitation(self, invite: bytes, now_ms: int) -> PublicRoom | None:
        await self.people._ready()
        room = self.people.invites.get(invite)
        return None if room is None else PublicRoom(room, "Chess <club>", "Fridays", 3, False)

    async def room_behind(self, invite: bytes, user: UserId) -> RoomId | None:
        await self.people._ready()
        room = self.people.invites.get(invite) or self.people.used.get(invite)
        return room if room is not None and (user, room) in self.people.joined else None

    async def join(self, actor: UserId, command: commands.JoinRoom) -> Room:
        invite = digest_of(command.token or "")
        room = self.people.invites.get(invite)
        if actor in self.banned:
            raise Refused(Code.NOT_A_MEMBER)
        if room is None:
            raise Refused(Code.NOT_FOUND)
        self.people.used[invite] = self.people.invites.pop(invite)
        self.people.joined.append((actor, room))
        return Room(room, "Chess <club>", "private", "", 1, 0, 4)

    async def invite(self, actor: UserId, command: commands.Invite) -> Invitation:
        self.invited.append(command)
        return Invitation(self.link("general", GENERAL), START_MS, command.uses)
