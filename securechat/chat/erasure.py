"""Erasing: begun by whoever may, told at once, and gone on with until nothing is left.

What is begun belongs to nobody's connection: a timed task of every daemon takes up whatever has not
ended, one daemon at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core.erasing import STEP_EVENTS, Erasing, Erasures, Step
from ..core.errors import Unavailable
from ..core.model import PasswordHash, RoomId, UserId
from ..core.ports import (
    Bus,
    Posted,
    Reached,
    Renamed,
    RoomErased,
    RoomsChanged,
    Sealer,
    SessionEnded,
)

log = Logger()

ERASE_EVERY_S = 3600.0

Work = Callable[[int, Sealer], Awaitable[Step]]
"""One step, at a time in milliseconds since 1970."""


class ErasureMetrics(Protocol):
    """What erasing counts."""

    def erased(self, why: str, count: int) -> None:
        """So many events are gone with a room or a person, or because of their age."""


class Erasure:
    """The use cases of erasing."""

    def __init__(
        self,
        store: Erasures,
        sealer: Sealer,
        bus: Bus,
        wall_clock: Callable[[], int],
        metrics: ErasureMetrics,
    ) -> None:
        """``wall_clock`` gives milliseconds since 1970."""
        self._store = store
        self._sealer = sealer
        self._bus = bus
        self._wall_clock = wall_clock
        self._metrics = metrics
        self._working: Deferred[None] | None = None
        self._again = False
        self._closed = False

    async def erase_room(self, actor: UserId | None, room: RoomId) -> None:
        """Destroy a room: when this returns nothing of it opens any more.

        ``actor`` None is whoever holds the machine. Raises as ``Erasures.erase_room`` does.
        """
        members = await self._store.erase_room(actor, room, self._wall_clock())
        log.info("{room} is erased", event="room_erased", room=room, user=actor or "")
        self._bus.publish(RoomErased(room))
        for user in members:
            self._bus.publish(RoomsChanged(user))
        self.soon()

    async def erase_person(
        self, user: UserId, messages: bool, proof: PasswordHash | None = None
    ) -> bool:
        """Take somebody's account away, and with ``messages`` all that they wrote.

        False, and nothing has changed, where ``proof`` is not their password (any more) or nobody
        has this id. Raises as ``Erasures.erase_person`` does.
        """
        now_ms = self._wall_clock()
        ended = await self._store.erase_person(user, messages, now_ms, proof)
        if ended is None:
            return False
        log.info(
            "the account of {user} is erased",
            event="person_erased",
            user=user,
            messages=messages,
        )
        for digest in ended:
            self._bus.publish(SessionEnded(digest))
        self._bus.publish(Renamed(user))
        self.soon()
        return True

    def soon(self) -> None:
        """Go on with what has not ended, now; while that is under way, once more after it."""
        if self._working is not None:
            self._again = True
        elif not self._closed:
            working = self._working = Deferred.fromCoroutine(self.tend())
            working.addErrback(lambda failure: log.failure("erasing broke", failure))
            working.addCallback(self._worked)

    def _worked(self, _: None) -> None:
        self._working = None
        if self._again:
            self._again = False
            self.soon()

    async def drain(self) -> None:
        """Begin no further step; return when none is under way."""
        self._closed = True
        await self.done()

    async def done(self) -> None:
        """Return when nothing is under way."""
        while self._working is not None:
            await self._working

    async def tend(self) -> None:
        """Go on with what has not ended, unless another daemon does."""
        try:
            if self._closed or not await self._store.take_turn():
                return
            try:
                is_done = all([await self.finish(), await self.expire()])
                if is_done and not self._closed:
                    log.info("erasing rests: nothing is left to be erased", event="erasing_rests")
            finally:
                await self._store.end_turn()
        except Unavailable as error:
            log.info("erasing goes on later: {reason}", reason=error)

    async def finish(self) -> bool:
        """Take away all that is left of what was erased; whether it is. Raises Unavailable."""
        under_way = await self._store.under_way()
        return all([await self._apart(one.subject, self._end(one)) for one in under_way])

    async def _apart(self, subject: str, work: Awaitable[None]) -> bool:
        """Wait for ``work``; where it breaks, the log is told, and whatever comes next goes on."""
        try:
            await work
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one that breaks must not keep the others from going
            log.failure("erasing of {subject} broke", event="erasing_broke", subject=subject)
            return False
        return True

    async def _end(self, one: Erasing) -> None:
        if one.kind == "room":
            await self._clear_room(RoomId(one.subject))
        else:
            await self._see_out(UserId(one.subject), one.messages)

    async def _see_out(self, user: UserId, messages: bool) -> None:
        while not self._closed:
            left = await self._store.leave_next(user, self._wall_clock(), self._sealer)
            if left is None:
                break
            self._bus.publish(Reached(left.room, left.event.seq))
            for one in left.affected:
                self._bus.publish(RoomsChanged(one))
        for room in await self._store.rooms_written_in(user) if messages else ():
            await self._in_steps(room, "person", partial(self._store.erase_texts, user, room))
        if not self._closed:
            await self._store.end_person(user, self._wall_clock())

    async def expire(self) -> bool:
        """Destroy what is older than the rooms keep; whether it is. Raises Unavailable."""
        rooms = await self._store.forgetful()
        return all([await self._apart(room, self._expire(room)) for room in rooms])

    async def _expire(self, room: RoomId) -> None:
        await self._in_steps(room, "retention", partial(self._store.expire, room))

    async def _in_steps(self, room: RoomId, why: str, work: Work) -> None:
        """Repeat ``work`` until nothing is left, telling the room and the log of each step."""
        step = Step(is_last=False)
        while not step.is_last and not self._closed:
            step = await work(self._wall_clock(), self._sealer)
            self._metrics.erased(why, step.count)
            if step.changed is None:
                continue
            event, key = step.changed.event, step.changed.key
            log.info(
                "{room}/{seq}: {count} texts are erased: {why}",
                event="texts_erased",
                room=room,
                seq=event.seq,
                count=step.count,
                why=why,
            )
            self._bus.publish(Posted((event,), {key.kid: key}))

    async def _clear_room(self, room: RoomId) -> None:
        count, cleared = STEP_EVENTS, 0
        while count == STEP_EVENTS and not self._closed:
            count = await self._store.clear_room(room, self._wall_clock())
            cleared += count
            self._metrics.erased("room", count)
        log.info("{count} events of {room} are gone", event="cleared", count=cleared, room=room)
