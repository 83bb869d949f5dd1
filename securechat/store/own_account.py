"""What people change about their own account; implements the port OwnAccount."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from ..core.model import PasswordHash, Session, SessionDigest, User, UserId
from ..core.trail import Deed, Kind
from . import people
from .administration import FORGET_RESET
from .administration import SESSIONS as DIGESTS
from .database import Database
from .factors import HOLD, WHOSE, is_password
from .trail import Trail
from .transaction import Transaction, chunks, marks

RENAME = "UPDATE users SET full_name = ? WHERE id = ?"
SESSIONS = """
    SELECT digest, created_ms, seen_ms, browser, platform, proven_ms FROM sessions
    WHERE user_id = ? ORDER BY seen_ms DESC, digest LIMIT ?"""
END = "DELETE FROM sessions WHERE digest IN ({digests})"


class OwnAccount:
    """Names, passwords and sessions, as their owners change them."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail

    def rename(self, user: UserId, full_name: str) -> Deferred[None]:
        """Let others see ``user`` under this full name from now on."""

        def work(tx: Transaction) -> None:
            tx.run(RENAME, full_name, user)

        return self._database.write("rename", work)

    def renew_password(
        self,
        mine: SessionDigest,
        proof: PasswordHash,
        password: PasswordHash,
        session: Session,
    ) -> Deferred[tuple[SessionDigest, ...] | None]:
        """Set the password, end all sessions of ``session.user``, and store ``session``: in one.

        Which have ended. None, and nothing has changed, where ``proof`` is not the stored password
        (any more) or ``mine`` is no session of that person (any more).
        """
        user = session.user.id

        def work(tx: Transaction) -> tuple[SessionDigest, ...] | None:
            if not is_password(tx, user, proof):
                return None
            ended = _held(tx, user)
            if mine not in ended:
                return None
            people.set_password(tx, user, password)
            tx.run(FORGET_RESET, user)
            _end(tx, ended)
            people.add_session(tx, session)
            changed = Deed(Kind.PASSWORD_CHANGED, user, user, address=session.device.address)
            self._trail.record(tx, changed.saying(sessions_ended=len(ended)))
            return tuple(ended)

        return self._database.write("renew_password", work)

    def sessions_of(self, user: User, limit: int) -> Deferred[list[Session]]:
        """The ``limit`` sessions of ``user`` that were seen last, the latest first, of any age."""

        def work(tx: Transaction) -> list[Session]:
            return [people.session_from(row, user) for row in tx.all(SESSIONS, user.id, limit)]

        return self._database.read("sessions_of", work)

    def end_others(
        self, mine: SessionDigest, only: Sequence[SessionDigest] | None = None
    ) -> Deferred[tuple[SessionDigest, ...]]:
        """End the other sessions of whose session ``mine`` is, or those of them in ``only``.

        Which have ended; none where ``mine`` is no session (any more).
        """

        def work(tx: Transaction) -> tuple[SessionDigest, ...]:
            whose = tx.one(WHOSE, mine)
            if whose is None:
                return ()
            # The person's row first, as whoever else ends many of them: nobody waits in a circle.
            tx.one(HOLD + tx.for_update, whose[0])
            held = _held(tx, whose[0])
            if mine not in held:
                return ()
            ended = [one for one in held if one != mine and (only is None or one in only)]
            _end(tx, ended)
            return tuple(ended)

        return self._database.write("end_others", work)


def _held(tx: Transaction, user: UserId) -> list[SessionDigest]:
    """All sessions of ``user``, none of which can end meanwhile."""
    return [SessionDigest(bytes(one)) for (one,) in tx.all(DIGESTS + tx.for_update, user)]


def _end(tx: Transaction, digests: Sequence[SessionDigest]) -> None:
    for some in chunks(digests):
        tx.run(END.format(digests=marks(some)), *some)
