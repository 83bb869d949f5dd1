"""The ports: what the use cases need from the outside, with the promises they may rely on.

Every method that reaches the database raises :class:`~securechat.core.errors.Unavailable` when the
database is away, too slow, or lost in the middle; after that a write may or may not have happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .model import (
    Draft,
    Identity,
    Outcome,
    Page,
    PasswordHash,
    Person,
    Room,
    RoomId,
    Session,
    SessionDigest,
    StoredEvent,
    StoredKey,
    User,
    UserId,
)


class Accounts(Protocol):
    """People and their sessions."""

    def add_user(self, user: User, password: PasswordHash, session: Session) -> Awaitable[None]:
        """Store a new person, their membership of ``general`` and their first session, or nothing.

        Raises NameTaken where the user name exists.
        """

    def credentials(self, username: str) -> Awaitable[tuple[User, PasswordHash] | None]:
        """The person with this (folded) user name and the stored password."""

    def people(self, viewer: UserId, ids: Sequence[UserId]) -> Awaitable[list[Person]]:
        """Those of ``ids`` (at most 200) whom ``viewer`` may see.

        These are the members and the authors of rooms that ``viewer`` is in; others are left out.
        """

    def add_session(self, session: Session) -> Awaitable[None]:
        """Store a new session of an existing person."""

    def session(self, digest: SessionDigest) -> Awaitable[Session | None]:
        """The session with this digest, whatever its age."""

    def touch_session(self, digest: SessionDigest, seen_ms: int) -> Awaitable[None]:
        """Move the session's last use forward (never back)."""

    def end_session(self, digest: SessionDigest) -> Awaitable[None]:
        """Forget the session; ending one that is unknown changes nothing."""

    def end_sessions_before(self, created_ms: int, seen_ms: int) -> Awaitable[int]:
        """Forget sessions made before ``created_ms`` or not seen since ``seen_ms``; how many."""


class Rooms(Protocol):
    """Rooms, always found through somebody's memberships."""

    def rooms_of(self, user: UserId) -> Awaitable[list[Room]]:
        """The rooms that ``user`` is a member of, by name."""

    def room_of(self, user: UserId, room: RoomId) -> Awaitable[Room | None]:
        """The room, or None where it does not exist or ``user`` is not a member."""


class Sealer(Protocol):
    """Pure functions that the store calls inside its transaction; they never block."""

    def outdated(self, key: StoredKey, next_seq: int, now_ms: int) -> bool:
        """Whether an event numbered ``next_seq`` must begin a new epoch."""

    def new_key(self, room: RoomId, epoch: int, first_seq: int, now_ms: int) -> StoredKey:
        """A fresh random room key, wrapped under the newest root key."""

    def seal(self, draft: Draft, seq: int, key: StoredKey) -> StoredEvent:
        """Seal ``draft`` with its number inside the authenticated header."""


class Events(Protocol):
    """The append-only log of every room."""

    def append(self, drafts: Sequence[Draft], sealer: Sealer) -> Awaitable[list[Outcome]]:
        """Number, seal, insert and COMMIT all drafts in one transaction; one outcome a draft.

        Calls are made one at a time by one writer. A room's drafts get consecutive numbers in the
        order given. Membership is checked inside the transaction. A draft whose (room, mid, author)
        exists already, in the table or earlier in the same batch, is Existing, also where the
        author is no member any more. A draft that the database refuses for its own content is
        Rejected, and the others are stored without it.
        """

    def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Awaitable[Page | None]:
        """The first ``limit`` events numbered above ``seq``; None where ``user`` is no member."""

    def before(self, user: UserId, room: RoomId, seq: int, limit: int) -> Awaitable[Page | None]:
        """The last ``limit`` events numbered below ``seq``; None where ``user`` is no member."""

    def head(self, room: RoomId) -> Awaitable[int]:
        """The room's newest number; 0 where there is no event or no such room."""

    def keys(self, room: RoomId, first: int, last: int) -> Awaitable[tuple[StoredKey, ...]]:
        """The keys that seal events ``first`` to ``last``; nothing where ``first > last``."""


class Ledger(Protocol):
    """Which database this is; blocking, for use before the reactor runs or in a thread."""

    def prepare(self) -> None:
        """Check the settings that durability needs and run the migrations.

        Raises Unavailable where the database is away, Misconfigured where it must not be used.
        """

    def examine(self) -> Identity | None:
        """What ``prepare`` would refuse, without changing anything; the identity, if there is one.

        Raises like ``prepare``.
        """

    def identity(self) -> Identity | None:
        """The identity the database was claimed with; None for a new one."""

    def claim(self, identity: Identity) -> None:
        """Give a new database its identity; Misconfigured where it has one or holds people."""


class Hashing(Protocol):
    """bcrypt off the reactor's thread; both raise Busy when too many are waiting."""

    def hash(self, password: str) -> Awaitable[PasswordHash]:
        """The hash to store for ``password``."""

    def matches(self, password: str, stored: PasswordHash | None) -> Awaitable[bool]:
        """Whether ``password`` is the stored one.

        None stands for an unknown user: the same work is done and the answer is no.
        """


@dataclass(frozen=True, slots=True)
class Posted:
    """These events of one batch are durable, in this order; ``keys`` are those that seal them.

    An event may be told again, when somebody resends a post whose answer was lost.
    """

    events: tuple[StoredEvent, ...]
    keys: Mapping[str, StoredKey]


@dataclass(frozen=True, slots=True)
class Reached:
    """The room's newest event has this number; who has less reads on from the store."""

    room: RoomId
    seq: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """This session's sockets must close."""

    session: SessionDigest


News = Posted | Reached | SessionEnded


class Bus(Protocol):
    """Tells every part (and, with several daemons, every node) what is already true."""

    def publish(self, news: News) -> None:
        """Hand ``news`` to every listener; the order of calls is kept. Never raises."""

    def listen(self, hear: Callable[[News], None]) -> None:
        """Call ``hear`` with all news from now on."""
