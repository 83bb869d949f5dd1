"""Changes of rooms and of who is in them: carried out once, answered, then told.

Who may do what is judged by the store, inside the transaction that changes. A change belongs to
nobody's connection: once begun it is finished and told, whether or not anybody waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..core import commands as c
from ..core import content, envelope
from ..core.encoding import b64url
from ..core.errors import Code, Damaged, Refused, Unavailable
from ..core.keys import RoomKeys
from ..core.model import (
    MESSAGE_ID,
    REPORTS,
    Changed,
    InviteLink,
    MessageId,
    Room,
    RoomId,
    UserId,
    digest_of,
)
from ..core.ports import Bus, Changes, Posted, Reached, Rooms, RoomsChanged
from .resends import is_told_by, room_id

log = Logger()

MOST_UNDER_WAY = 100
"""So many changes a daemon carries out at once; beyond that it answers ``unavailable``."""

ANSWER_WITHIN_S = 4.8
"""Making a room and showing it are two calls to the store; both are waited for so long."""

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new link: its token is told once and stored nowhere. ``expires_ms``: since 1970."""

    token: str
    expires_ms: int
    uses: int


@dataclass(frozen=True, slots=True)
class _Concern:
    """Which rooms and people a change concerns, should its outcome stay unknown.

    ``mid`` is the id of the event that says so.
    """

    mid: MessageId
    rooms: tuple[RoomId, ...]
    people: tuple[UserId, ...]


class RoomChanges:
    """Everything that people do to rooms."""

    def __init__(
        self,
        *,
        changes: Changes,
        rooms: Rooms,
        sealer: RoomKeys,
        bus: Bus,
        clock: IReactorTime,
        wall_clock: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        doubt: Callable[[Iterable[RoomId], Iterable[UserId]], None],
    ) -> None:
        """``wall_clock`` gives milliseconds since 1970.

        ``doubt`` is told which rooms and people a change of unknown outcome concerns.
        """
        self._changes = changes
        self._rooms = rooms
        self._sealer = sealer
        self._bus = bus
        self._clock = clock
        self._wall_clock = wall_clock
        self._random_bytes = random_bytes
        self._doubt = doubt
        self._under_way = 0
        self._closed = False
        self._idle: list[Deferred[None]] = []

    def create(self, actor: UserId, command: c.CreateRoom) -> Deferred[Room]:
        """Make a room, or find the direct one that these people have; the room."""
        mid = self._mid(command.id)
        room = room_id(actor, command, mid)

        async def create() -> Changed:
            changed = await self._changes.create(
                actor, command, room, mid, self._wall_clock(), self._sealer
            )
            if command.kind != "direct":
                self._check_same(command, changed, mid)
            return changed

        concern = _Concern(mid, (room,), (actor, *command.people))
        return self._begin(create, lambda changed: self._show(actor, changed), concern)

    def join(self, actor: UserId, command: c.JoinRoom) -> Deferred[Room]:
        """Enter a public room, or the one that an invite link leads to; the room."""
        mid = self._mid(command.id)

        async def join() -> Changed:
            now_ms = self._wall_clock()
            if command.room is not None:
                return await self._changes.join(actor, command.room, mid, now_ms, self._sealer)
            invite = digest_of(command.token or "")
            return await self._changes.join_invited(actor, invite, mid, now_ms, self._sealer)

        concern = _Concern(mid, () if command.room is None else (command.room,), (actor,))
        return self._begin(join, lambda changed: self._show(actor, changed), concern)

    def change(self, actor: UserId, command: c.Change) -> Deferred[Changed]:
        """Carry out what is done to a room or to somebody in it."""
        mid = self._mid(command.id)

        async def change() -> Changed:
            changed = await self._changes.change(
                actor, command, mid, self._wall_clock(), self._sealer
            )
            self._check_same(command, changed, mid)
            return changed

        concerned = (command.user,) if isinstance(command, c.OnPerson) else ()
        return self._begin(change, _as_it_is, _Concern(mid, (command.room,), (actor, *concerned)))

    def report(self, actor: UserId, command: c.Report) -> Deferred[Changed]:
        """Tell the server's administrators of a message."""
        mid = self._mid(command.id)

        async def report() -> Changed:
            now_ms = self._wall_clock()
            changed = await self._changes.report(actor, command, mid, now_ms, self._sealer)
            self._check_same(command, changed, mid)
            return changed

        return self._begin(report, _as_it_is, _Concern(mid, (REPORTS,), ()))

    async def invite(self, actor: UserId, command: c.Invite) -> Invitation:
        """Make a link to the room; sent again, it makes another one."""
        token = b64url(self._random_bytes(32))
        expires_ms = self._wall_clock() + command.expires_s * 1000
        link = InviteLink(digest_of(token), command.room, actor, expires_ms, command.uses)
        with self._counted():
            await self._changes.invite(actor, command, link)
        return Invitation(token, expires_ms, command.uses)

    async def revoke(self, actor: UserId, command: c.RevokeInvites) -> int:
        """Make every link to the room worthless; how many were still good."""
        with self._counted():
            return await self._changes.revoke_invites(actor, command, self._wall_clock())

    async def drain(self) -> None:
        """Begin nothing more, and return when everything that was begun is answered and told."""
        self._closed = True
        if self._under_way:
            idle: Deferred[None] = Deferred()
            self._idle.append(idle)
            await idle

    def _mid(self, request: str) -> MessageId:
        """A request id of 128 bits names the event, so that a resend is done once."""
        if MESSAGE_ID.fullmatch(request):
            return MessageId(request)
        return MessageId(b64url(self._random_bytes(16)))

    async def _show(self, actor: UserId, changed: Changed) -> Room:
        room = await self._rooms.room_of(actor, changed.room)
        if room is None:
            raise Refused(Code.NOT_A_MEMBER)
        return room

    def _check_same(
        self, command: c.Change | c.CreateRoom | c.Report, changed: Changed, mid: MessageId
    ) -> None:
        """Raise ``id_conflict`` where the event of an earlier sending says something else."""
        if not _is_resend(changed, mid):
            return
        try:
            said = content.read(self._sealer.open(changed.event, changed.key))
            time_ms = int(envelope.parse_header(changed.event)["time"])
        except (Damaged, KeyError, TypeError, ValueError) as error:
            log.error(
                "event {seq} of {room} is damaged: {reason}",
                event="damaged",
                seq=changed.event.seq,
                room=changed.event.room,
                reason=str(error),
            )
            raise Refused(Code.INTERNAL) from None
        if not is_told_by(command, said, time_ms):
            raise Refused(Code.ID_CONFLICT)

    def _begin(
        self,
        work: Callable[[], Awaitable[Changed]],
        show: Callable[[Changed], Awaitable[Done]],
        concern: _Concern,
    ) -> Deferred[Done]:
        answer: Deferred[Done] = Deferred()
        answer.addTimeout(ANSWER_WITHIN_S, self._clock, onTimeoutCancel=_too_late)
        Deferred.fromCoroutine(self._carry_out(work, show, concern, answer)).addErrback(
            lambda failure: log.failure("a change of a room could not be told", failure)
        )
        return answer

    async def _carry_out(
        self,
        work: Callable[[], Awaitable[Changed]],
        show: Callable[[Changed], Awaitable[Done]],
        concern: _Concern,
        answer: Deferred[Done],
    ) -> None:
        """The answer first, then the news; whether or not the answer could be found."""
        try:
            with self._counted():
                changed = await work()
                try:
                    answer.callback(await show(changed))
                finally:
                    self._tell(changed, concern)
        except Unavailable as error:
            self._doubt(concern.rooms, concern.people)
            if not answer.called:
                answer.errback(error)
        except Exception as error:
            if answer.called:
                raise
            answer.errback(error)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Refused where too much is under way, or the daemon is stopping."""
        if self._closed or self._under_way >= MOST_UNDER_WAY:
            raise Refused(Code.UNAVAILABLE)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                idle, self._idle = self._idle, []
                for waiting in idle:
                    waiting.callback(None)

    def _tell(self, changed: Changed, concern: _Concern) -> None:
        event = changed.event
        affected = dict.fromkeys(changed.affected)
        if _is_resend(changed, concern.mid):
            # The first answer may have been lost, and the news with it.
            affected |= dict.fromkeys(concern.people)
        elif not changed.duplicate:
            _note(changed)
        if affected or changed.duplicate:
            # Read from the store, the event comes with who is a member now.
            self._bus.publish(Reached(event.room, event.seq))
        else:
            self._bus.publish(Posted((event,), {changed.key.kid: changed.key}))
        for user in affected:
            self._bus.publish(RoomsChanged(user))


def _too_late(_: object, seconds: float) -> NoReturn:
    raise Unavailable(f"no answer to a change within {seconds} s")


def _is_resend(changed: Changed, mid: MessageId) -> bool:
    """Whether this very change was made by an earlier sending, and is not just so already."""
    return changed.duplicate and changed.event.mid == mid


async def _as_it_is(changed: Changed) -> Changed:
    return changed


def _note(changed: Changed) -> None:
    log.info(
        "{room}/{seq}: a change by {user}",
        event="room_changed",
        room=changed.event.room,
        seq=changed.event.seq,
        user=changed.event.author,
    )
