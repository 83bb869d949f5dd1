"""People and their sessions; implements the port Accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred

from ..core.errors import Code, Refused
from ..core.model import (
    GENERAL,
    Changed,
    FactorUse,
    MessageId,
    PasswordHash,
    Person,
    RoomId,
    Session,
    SessionDigest,
    User,
    UserId,
)
from ..core.ports import Sealer
from ..core.trail import Deed, Kind
from ..gathering import Gathering
from . import factors, invites, membership, people, places
from .act import Act
from .database import Database
from .trail import Trail
from .transaction import MOST_MARKS, Transaction, chunks, marks

CREDENTIALS = """
    SELECT id, username, full_name, role, password_bcrypt, password_root_id, state
    FROM users WHERE username = ?"""
SESSION = """
    SELECT u.id, u.username, u.full_name, u.role, s.digest, s.created_ms, s.seen_ms,
        s.browser, s.platform, s.proven_ms
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest IN ({digests})"""
TOUCH_SESSION = "UPDATE sessions SET seen_ms = ? WHERE digest = ? AND seen_ms < ?"
END_SESSION = "DELETE FROM sessions WHERE digest = ?"
END_SESSIONS = "DELETE FROM sessions WHERE created_ms < ? OR seen_ms < ?"
LIVING = """
    SELECT s.digest, u.revision FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.digest IN ({digests})"""


class Accounts:
    """All SQL about people and sessions."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail
        self._sessions: Gathering[SessionDigest, Session | None] = Gathering(
            database.clock, self._read_sessions, MOST_MARKS
        )

    def add_user(self, user: User, password: PasswordHash, session: Session) -> Deferred[None]:
        """Store a new person, their membership of ``general`` and their first session, or nothing.

        Raises NameTaken where the user name exists.
        """

        def work(tx: Transaction) -> None:
            general = places.all_held(tx, (GENERAL,))[GENERAL]
            _add(tx, user, password, session)
            places.enter(tx, general, user.id, "member", 0, session.created_ms)
            self._trail.record(tx, _of(Kind.REGISTERED, session))

        return self._database.write("add_user", work)

    def add_invited_user(
        self,
        user: User,
        password: PasswordHash,
        session: Session,
        invite: bytes,
        mid: MessageId,
        sealer: Sealer,
    ) -> Deferred[Changed]:
        """Like ``add_user``, and a member of the invite's room, taking one use, or nothing.

        Raises NameTaken, and Refused (``not_found``) where the invite is not good (any more).
        """

        def work(tx: Transaction) -> Changed:
            link = invites.find(tx, invite)
            if link is None:
                raise Refused(Code.NOT_FOUND, membership.NOT_GOOD)
            rooms = places.all_held(tx, (GENERAL, link.room))
            _add(tx, user, password, session)
            if link.room != GENERAL:
                places.enter(tx, rooms[GENERAL], user.id, "member", 0, session.created_ms)
            act = Act(tx, user.id, mid, session.created_ms, sealer)
            changed = membership.enter_invited(act, rooms[link.room], user.id, invite)
            self._trail.record(tx, _of(Kind.REGISTERED, session), *act.deeds)
            return changed

        return self._database.write("add_invited_user", work)

    def credentials(self, username: str) -> Deferred[tuple[User, PasswordHash | None] | None]:
        """The person with this (folded) user name and the stored password; None: disabled."""

        def work(tx: Transaction) -> tuple[User, PasswordHash | None] | None:
            row = tx.one(CREDENTIALS, username)
            # MariaDB ignores spaces at the end when it compares; SQLite does not, nor do we.
            if row is None or row[1] != username:
                return None
            password = PasswordHash(bytes(row[4]), row[5]) if row[6] == "active" else None
            return people.user_from(row), password

        return self._database.read("credentials", work)

    def people(self, viewer: UserId, ids: Sequence[UserId]) -> Deferred[list[Person]]:
        """Those of ``ids`` (at most 200) who are in, or wrote in, a room that ``viewer`` is in."""

        def work(tx: Transaction) -> list[Person]:
            return people.seen_by(tx, viewer, ids)

        return self._database.read("people", work)

    def seen_in(
        self, user: UserId, rooms: Sequence[RoomId]
    ) -> Deferred[tuple[Person, Mapping[RoomId, int]] | None]:
        """What somebody is called, and in which of ``rooms`` they are, or wrote."""
        asked = tuple(rooms)
        return self._database.read("seen_in", lambda tx: people.seen_in(tx, user, asked))

    def renew_hash(self, user: UserId, old: PasswordHash, new: PasswordHash) -> Deferred[None]:
        """Store the same password under another pepper, unless it is no longer ``old``."""

        def work(tx: Transaction) -> None:
            people.set_password(tx, user, new, instead_of=old)

        return self._database.write("renew_hash", work)

    def add_session(
        self, session: Session, proof: PasswordHash | None = None, use: FactorUse | None = None
    ) -> Deferred[bool]:
        """Store a new session of an existing person; False: ``proof`` is not the password (now),
        or the person is disabled.

        Raises FactorNeeded and FactorSpent. The person's row is held: a password that is being
        renewed, or a factor that is being added, is waited for.
        """

        def work(tx: Transaction) -> bool:
            if proof is not None or use is not None:
                if not factors.may(tx, session.user.id, proof, use):
                    return False
                factors.require(tx, session.user.id, use)
            people.add_session(tx, session)
            self._trail.record(tx, _of(Kind.LOGGED_IN, session))
            return True

        return self._database.write("add_session", work)

    def session(self, digest: SessionDigest) -> Deferred[Session | None]:
        """The session with this digest, whatever its age; as it is from now on."""
        return self._sessions.ask(digest)

    async def _read_sessions(self, digests: Sequence[SessionDigest]) -> list[Session | None]:
        def work(tx: Transaction) -> dict[SessionDigest, Session]:
            rows = tx.all(SESSION.format(digests=marks(digests)), *digests)
            sessions = [people.session_from(row[4:], people.user_from(row)) for row in rows]
            return {session.digest: session for session in sessions}

        found = await self._database.read("session", work)
        return [found.get(digest) for digest in digests]

    def touch_session(self, digest: SessionDigest, seen_ms: int) -> Deferred[None]:
        """Move the session's last use forward (never back)."""

        def work(tx: Transaction) -> None:
            tx.run(TOUCH_SESSION, seen_ms, digest, seen_ms)

        return self._database.write("touch_session", work)

    def end_session(self, digest: SessionDigest) -> Deferred[None]:
        """Forget the session; ending one that is unknown changes nothing."""

        def work(tx: Transaction) -> None:
            tx.run(END_SESSION, digest)

        return self._database.write("end_session", work)

    def end_sessions_before(self, created_ms: int, seen_ms: int) -> Deferred[int]:
        """Forget sessions made before ``created_ms`` or not seen since ``seen_ms``; how many."""
        return self._database.write(
            "end_sessions_before", lambda tx: tx.run(END_SESSIONS, created_ms, seen_ms)
        )

    def living(self, digests: Sequence[SessionDigest]) -> Deferred[Mapping[SessionDigest, int]]:
        """Those of ``digests`` (any number) that are sessions still, with the person's revision."""
        asked = list(dict.fromkeys(digests))

        def work(tx: Transaction) -> dict[SessionDigest, int]:
            found: dict[SessionDigest, int] = {}
            for some in chunks(asked):
                rows = tx.all(LIVING.format(digests=marks(some)), *some)
                found.update((SessionDigest(bytes(digest)), revision) for digest, revision in rows)
            return found

        return self._database.read("living", work)


def _add(tx: Transaction, user: User, password: PasswordHash, session: Session) -> None:
    people.add(tx, user, password, session.created_ms)
    people.add_session(tx, session)


def _of(kind: Kind, session: Session) -> Deed:
    """What somebody does to the own account, on the way into this session."""
    return Deed(kind, session.user.id, session.user.id, address=session.device.address)
