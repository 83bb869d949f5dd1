"""What people do to rooms; implements the port Changes.

Each is one transaction: the room is locked, an earlier sending looked for, the right judged, the
change made and told. What is so already is made and told no second time: the answer is then the
room's newest event, as of which it is so.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from ..core import commands as c
from ..core.errors import Code, Refused
from ..core.model import (
    REPORTS,
    Changed,
    InviteLink,
    MessageId,
    PublicRoom,
    RoomId,
    UserId,
)
from ..core.ports import Sealer
from ..core.trail import Deed, Kind
from . import deeds, deletion, invites, membership, places, upkeep
from .act import Act
from .database import Database
from .places import HeldRoom
from .trail import Trail
from .transaction import Transaction

TOO_MANY_LINKS = "This room has too many links: take them back first."
TOO_MANY_OF_YOURS = (
    f"{invites.MOST_OWN_GOOD_LINKS} links of yours to this room still work:"
    " use them, or wait until they expire."
)


class Changes:
    """Every change of a room but posting."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail

    def create(
        self,
        actor: UserId,
        command: c.CreateRoom,
        room: RoomId,
        mid: MessageId,
        now_ms: int,
        sealer: Sealer,
    ) -> Deferred[Changed]:
        """Make ``room``; of a direct one its people must be visible to ``actor``.

        A direct room that exists is the answer; another that exists is ``bad_command`` for all but
        who made it with this ``mid``.
        """
        return self._act(
            "create_room",
            (actor, mid, now_ms, sealer),
            lambda act: upkeep.create(act, command, room),
        )

    def join(
        self, actor: UserId, room: RoomId, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Deferred[Changed]:
        """Enter a public room; ``not_a_member`` where it is not public, or bans ``actor``."""

        def work(act: Act) -> Changed:
            held = _held(act.tx, room)
            if earlier := act.earlier(room, "joined", (actor,)):
                return earlier
            if there := membership.already_in(act, held, actor):
                return there
            if held.kind != "public" or not membership.may_enter(act, held, actor):
                raise Refused(Code.NOT_A_MEMBER)
            return membership.enter(act, held, actor)

        return self._act("join_room", (actor, mid, now_ms, sealer), work)

    def join_invited(
        self, actor: UserId, invite: bytes, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Deferred[Changed]:
        """Enter the room of the invite with this digest, taking one use of it."""

        def work(act: Act) -> Changed:
            link = invites.find(act.tx, invite)
            if link is None:
                raise Refused(Code.NOT_FOUND, membership.NOT_GOOD)
            held = _held(act.tx, link.room)
            if earlier := act.earlier(held.id, "joined", (actor,)):
                return earlier
            if there := membership.already_in(act, held, actor):
                return there
            return membership.enter_invited(act, held, actor, invite)

        return self._act("join_invited", (actor, mid, now_ms, sealer), work)

    def change(
        self, actor: UserId, command: c.Change, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Deferred[Changed]:
        """Carry out ``command``. Whoever leaves, is kicked or banned: a new epoch seals that."""

        def work(act: Act) -> Changed:
            room = _held(act.tx, command.room)
            affected = deeds.affected_by(actor, command)
            if earlier := act.earlier(room.id, c.KINDS[type(command)], affected):
                return earlier
            return deeds.carry_out(act, command, room)

        return self._act(type(command).__name__, (actor, mid, now_ms, sealer), work)

    def report(
        self, actor: UserId, command: c.Report, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Deferred[Changed]:
        """Seal a report of a message that ``actor`` can see as an event of REPORTS.

        Whatever ``mid`` is: the same person's next report of the same message was done before.
        """

        def work(act: Act) -> Changed:
            act = act.named(deletion.report_mid(actor, command))
            room = places.all_held(act.tx, (command.room, REPORTS)).get(command.room)
            if room is None:
                raise Refused(Code.NOT_A_MEMBER)
            if earlier := act.earlier(REPORTS, "report"):
                return earlier
            return deletion.report(act, room, deeds.permitted(act, command, room), command)

        return self._act("report", (actor, mid, now_ms, sealer), work)

    def invite(self, actor: UserId, command: c.Invite, link: InviteLink) -> Deferred[None]:
        """Keep the link, made ``command.expires_s`` before it expires."""
        now_ms = link.expires_ms - command.expires_s * 1000

        def work(tx: Transaction) -> None:
            room = _held(tx, command.room)
            deeds.require_right(tx, actor, command, room, now_ms)
            if invites.how_many_good(tx, room.id, now_ms) >= invites.MOST_GOOD_LINKS:
                raise Refused(Code.FORBIDDEN, TOO_MANY_LINKS)
            own = invites.how_many_own_good(tx, room.id, actor, now_ms)
            if own >= invites.MOST_OWN_GOOD_LINKS:
                raise Refused(Code.FORBIDDEN, TOO_MANY_OF_YOURS)
            invites.keep(tx, link, now_ms)
            made = Deed(Kind.INVITE_MADE, actor, room.id)
            name = invites.reference(link.digest)
            made = made.saying(invite=name, uses=link.uses, expires_ms=link.expires_ms)
            self._trail.record(tx, made)

        return self._database.write("invite", work)

    def revoke_invites(self, actor: UserId, command: c.RevokeInvites, now_ms: int) -> Deferred[int]:
        """Forget every link to the room; how many were still good at ``now_ms``."""

        def work(tx: Transaction) -> int:
            room = _held(tx, command.room)
            deeds.require_right(tx, actor, command, room, now_ms)
            good = invites.how_many_good(tx, room.id, now_ms)
            invites.forget_all(tx, room.id)
            self._trail.record(tx, Deed(Kind.INVITES_REVOKED, actor, room.id).saying(good=good))
            return good

        return self._database.write("revoke_invites", work)

    def invitation(self, invite: bytes, now_ms: int) -> Deferred[PublicRoom | None]:
        """The room that this invite leads to; None where it is not good (any more)."""

        def work(tx: Transaction) -> PublicRoom | None:
            link = invites.find(tx, invite)
            if link is None or not link.is_good(now_ms):
                return None
            return places.shown(tx, link.room)

        return self._database.read("invitation", work)

    def room_behind(self, invite: bytes, user: UserId) -> Deferred[RoomId | None]:
        """The room of this invite, also of one that is used up, where ``user`` is in it."""
        return self._database.read("room_behind", lambda tx: invites.room_behind(tx, invite, user))

    def _act(
        self,
        name: str,
        who: tuple[UserId, MessageId, int, Sealer],
        work: Callable[[Act], Changed],
    ) -> Deferred[Changed]:
        def recorded(tx: Transaction) -> Changed:
            act = Act(tx, *who)
            changed = work(act)
            self._trail.record(tx, *act.deeds)
            return changed

        return self._database.write(name, recorded)


def _held(tx: Transaction, room: RoomId) -> HeldRoom:
    held = places.held(tx, room)
    if held is None:
        raise Refused(Code.NOT_A_MEMBER)
    return held
