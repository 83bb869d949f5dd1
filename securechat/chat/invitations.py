"""Invite links as a browser follows them."""

from __future__ import annotations

from collections.abc import Callable

from ..core import ports
from ..core.commands import INVITE_DAYS, MOST_INVITE_USES, Invite, JoinRoom
from ..core.encoding import b64url
from ..core.errors import Code, Refused, Unavailable
from ..core.model import GENERAL, TOKEN, PublicRoom, RoomId, UserId, digest_of
from .changes import RoomChanges

_DAY_S = 86_400


def is_token(text: str) -> bool:
    """Whether this could be the token of an invite."""
    return TOKEN.fullmatch(text) is not None


class Invitations:
    """Where an invite leads, and following it."""

    def __init__(
        self,
        changes: ports.Changes,
        room_changes: RoomChanges,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._changes = changes
        self._room_changes = room_changes
        self._random_bytes = random_bytes

    async def room_of(self, token: str, now_ms: int) -> PublicRoom | None:
        """The room that the link leads to; None where it is not good (any more)."""
        if not is_token(token):
            return None
        return await self._changes.invitation(digest_of(token), now_ms)

    async def room_behind(self, token: str, user: UserId) -> RoomId | None:
        """The room of the link where ``user`` is in it by now, however good the link still is."""
        if not is_token(token):
            return None
        return await self._changes.room_behind(digest_of(token), user)

    async def join(self, user: UserId, token: str) -> RoomId:
        """Take ``user`` into the room; Refused, also where that person is banned there."""
        command = JoinRoom(self._request(), None, token)
        try:
            return (await self._room_changes.join(user, command)).id
        except Refused as refused:
            raise _told(refused) from refused

    async def to_general(self, author: UserId) -> str | None:
        """The token of a new link to the room that everybody is in; None where none can be made."""
        command = Invite(self._request(), GENERAL, INVITE_DAYS * _DAY_S, MOST_INVITE_USES)
        try:
            return (await self._room_changes.invite(author, command)).token
        except (Refused, Unavailable):
            return None

    def _request(self) -> str:
        return b64url(self._random_bytes(16))


def _told(refused: Refused) -> Exception:
    return Unavailable(str(refused)) if refused.code is Code.UNAVAILABLE else refused
