"""The ports: what the use cases need from the outside, with the promises they may rely on.

Every method that reaches the database raises :class:`~securechat.core.errors.Unavailable` when the
database is away, too slow, or lost in the middle; after that a write may or may not have happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .commands import Change, CreateRoom, Invite, Report, RevokeInvites
from .model import (
    Asking,
    Belonging,
    Changed,
    Draft,
    Enrolled,
    FactorUse,
    Feed,
    Glance,
    Halfway,
    Identity,
    InviteLink,
    Member,
    MessageId,
    Outcome,
    Page,
    Passkey,
    PasswordHash,
    Person,
    PublicRoom,
    Reading,
    ReadMark,
    Registration,
    Room,
    RoomId,
    SealedSecret,
    Session,
    SessionDigest,
    SpentChallenge,
    StoredEvent,
    StoredKey,
    User,
    UserId,
)
from .rights import Place
from .trail import Deed


class Accounts(Protocol):
    """People and their sessions."""

    def add_user(self, user: User, password: PasswordHash, session: Session) -> Awaitable[None]:
        """Store a new person, their membership of ``general`` and their first session, or nothing.

        Raises NameTaken where the user name exists.
        """

    def add_invited_user(
        self,
        user: User,
        password: PasswordHash,
        session: Session,
        invite: bytes,
        mid: MessageId,
        sealer: Sealer,
    ) -> Awaitable[Changed]:
        """Like ``add_user``, and a member of the invite's room, taking one use, or nothing.

        ``mid`` is for the ``joined`` event. Raises NameTaken, and Refused (``not_found``) where no
        invite with this digest is still good at ``session.created_ms``.
        """

    def credentials(self, username: str) -> Awaitable[tuple[User, PasswordHash | None] | None]:
        """The person with this (folded) user name and the stored password.

        In its place None for who is disabled: no password lets that person in.
        """

    def people(self, viewer: UserId, ids: Sequence[UserId]) -> Awaitable[list[Person]]:
        """Those of ``ids`` (at most 200) whom ``viewer`` may see.

        These are the members and the authors of rooms that ``viewer`` is in; others are left out.
        """

    def seen_in(
        self, user: UserId, rooms: Sequence[RoomId]
    ) -> Awaitable[tuple[Person, Mapping[RoomId, int]] | None]:
        """What somebody is called, and in which of ``rooms`` that is seen, with their last numbers.

        These are the rooms that the person is in, or has written in. None: nobody has this id.
        """

    def renew_hash(self, user: UserId, old: PasswordHash, new: PasswordHash) -> Awaitable[None]:
        """Store the same password under another pepper, unless it is no longer ``old``."""

    def add_session(
        self, session: Session, proof: PasswordHash | None = None, use: FactorUse | None = None
    ) -> Awaitable[bool]:
        """Store a new session of an existing person.

        ``proof`` is the stored password that was checked for it, ``use`` what was given as second
        factor, which counts once; a passkey stands for both. False, and nothing is stored, where
        the person has another password by now, or is disabled. Raises FactorNeeded where a proof
        alone is not enough, and FactorSpent.
        """

    def session(self, digest: SessionDigest) -> Awaitable[Session | None]:
        """The session with this digest, whatever its age."""

    def touch_session(self, digest: SessionDigest, seen_ms: int) -> Awaitable[None]:
        """Move the session's last use forward (never back)."""

    def end_session(self, digest: SessionDigest) -> Awaitable[None]:
        """Forget the session; ending one that is unknown changes nothing."""

    def end_sessions_before(self, created_ms: int, seen_ms: int) -> Awaitable[int]:
        """Forget sessions made before ``created_ms`` or not seen since ``seen_ms``; how many."""

    def living(self, digests: Sequence[SessionDigest]) -> Awaitable[Mapping[SessionDigest, int]]:
        """Those of ``digests`` (any number) that are sessions still, with their person's revision.

        The revision grows with every change of what rooms the person is in, or as what.
        """


class Audit(Protocol):
    """Takes what is to be recorded in the audit log by whoever changes nothing in the database."""

    def record(self, deed: Deed) -> None:
        """Have ``deed`` written soon; its time is now. Never raises, never waits."""


class AuditLog(Protocol):
    """The audit log itself."""

    def append(self, deeds: Sequence[Deed]) -> Awaitable[None]:
        """Record ``deeds`` in this order, all or none."""


class OwnAccount(Protocol):
    """What people change about their own account."""

    def rename(self, user: UserId, full_name: str) -> Awaitable[None]:
        """Let others see ``user`` under this full name from now on."""

    def renew_password(
        self,
        mine: SessionDigest,
        proof: PasswordHash,
        password: PasswordHash,
        session: Session,
    ) -> Awaitable[tuple[SessionDigest, ...] | None]:
        """Set the password, end all sessions of ``session.user``, and store ``session``: in one.

        A link to set a new password works no more either. Which have ended. None, and nothing has
        changed, where ``proof`` is not the stored password (any more) or ``mine`` is no session of
        that person (any more).
        """

    def sessions_of(self, user: User, limit: int) -> Awaitable[list[Session]]:
        """The ``limit`` sessions of ``user`` that were seen last, the latest first, of any age."""

    def end_others(
        self, mine: SessionDigest, only: Sequence[SessionDigest] | None = None
    ) -> Awaitable[tuple[SessionDigest, ...]]:
        """End the other sessions of whose session ``mine`` is, or those of them in ``only``.

        Which have ended; none where ``mine`` is no session (any more).
        """


class Factors(Protocol):
    """Second factors, log-ins that wait for one, and proofs of who sits there."""

    def of(self, user: UserId) -> Awaitable[Enrolled]:
        """Which second factors ``user`` has."""

    def add_app(
        self,
        mine: SessionDigest,
        app: SealedSecret,
        step: int,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> Awaitable[bool | None]:
        """Let this app make codes from now on, in place of an older one; ``step`` was used.

        Whether it is the first factor: then these are the recovery codes. None, and nothing has
        changed, where ``mine`` is no session of ``app.user`` (any more). ``address`` is the
        client's, for the audit log, here and below.
        """

    def remove_app(self, mine: SessionDigest, address: str | None = None) -> Awaitable[bool]:
        """Take away the app of whose session ``mine`` is; with the last factor recovery codes go.

        Whether there was one.
        """

    def add_passkey(
        self,
        mine: SessionDigest,
        passkey: Passkey,
        challenge: SpentChallenge,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> Awaitable[bool | None]:
        """Like ``add_app``; FactorSpent where the challenge was answered before, or it is known."""

    def remove_passkey(
        self, mine: SessionDigest, id_: bytes, address: str | None = None
    ) -> Awaitable[bool]:
        """Like ``remove_app``, of this passkey."""

    def passkey(self, id_: bytes) -> Awaitable[tuple[User, Passkey] | None]:
        """The passkey with this id, and whose it is."""

    def renew_recovery(
        self, mine: SessionDigest, digests: Sequence[bytes], address: str | None = None
    ) -> Awaitable[bool]:
        """Put these recovery codes in the place of all older ones.

        False, and nothing has changed, where ``mine`` is no session, or of nobody with a factor.
        """

    def begin(
        self, digest: bytes, user: User, proof: PasswordHash, tries: int, now_ms: int, end_ms: int
    ) -> Awaitable[None]:
        """Keep that a log-in of ``user`` waits, until ``end_ms``; those that are too late go."""

    def waiting(self, digest: bytes, now_ms: int) -> Awaitable[Halfway | None]:
        """The log-in that waits under this digest; None: none does (any more)."""

    def take_a_try(self, digest: bytes, now_ms: int) -> Awaitable[Halfway | None]:
        """The same, and one try less; None also where there was none left."""

    def end(self, digest: bytes) -> Awaitable[None]:
        """Forget a log-in that waited; ending one that is unknown changes nothing."""

    def prove(
        self,
        mine: SessionDigest,
        proof: PasswordHash | None,
        use: FactorUse | None,
        session: Session,
    ) -> Awaitable[bool]:
        """Put ``session`` in the place of ``mine``, as its owner has proven who that is.

        Without ``proof`` a passkey stands for both factors.

        False, and nothing has changed, where ``proof`` is not the stored password (any more) or
        ``mine`` no session of that person. Raises FactorNeeded and FactorSpent.
        """


class Administration(Protocol):
    """What only administrators, and whoever holds the machine, may do."""

    def has_administrator(self) -> Awaitable[bool]:
        """Whether anybody is an administrator of this server."""

    def set_up(
        self, user: User, password: PasswordHash, session: Session, registration: Registration
    ) -> Awaitable[None]:
        """Add the first administrator (also to REPORTS), and keep who may register.

        Raises NameTaken, and Refused (``forbidden``) where there is an administrator already.
        """

    def registration(self) -> Awaitable[Registration | None]:
        """Who may register, as ``set_up`` has kept it; None where nobody has chosen."""

    def grant(self, username: str) -> Awaitable[UserId | None]:
        """Make this person an administrator and a member of REPORTS; None: no such person."""

    def find(self, username: str) -> Awaitable[UserId | None]:
        """Who has this user name; None: nobody."""

    def disable(self, username: str) -> Awaitable[tuple[SessionDigest, ...] | None]:
        """Let this person in no more: which sessions have ended. None: no such person.

        Links that they have made, to rooms or to set a new password, work no more either.
        """

    def enable(self, username: str) -> Awaitable[UserId | None]:
        """Let a disabled person log in again; None: no such person."""

    def add_reset(self, username: str, digest: bytes, expires_ms: int) -> Awaitable[UserId | None]:
        """Keep the digest of a one-time link with which this person may set a new password.

        An earlier link of theirs works no more. None: no such person, or it is disabled.
        """

    def reset_of(self, digest: bytes, now_ms: int) -> Awaitable[User | None]:
        """Whose link this is, where it is still good."""

    def use_reset(
        self, digest: bytes, password: PasswordHash, now_ms: int, address: str | None = None
    ) -> Awaitable[tuple[SessionDigest, ...] | None]:
        """Set the password, use the link up, end all sessions; which. None: no such link.

        ``address`` is the client's, for the audit log.
        """

    def remove_factors(
        self, username: str
    ) -> Awaitable[tuple[bool, tuple[SessionDigest, ...]] | None]:
        """Take this person's second factors away and end all sessions: whether there was one, and
        which have ended. None: no such person.
        """


class Reported(Protocol):
    """What whoever holds the machine is shown of a report; no membership is asked for."""

    def latest_edit(self, room: RoomId, seq: int) -> Awaitable[int | None]:
        """The number of the newest edit of this message, if it was edited."""

    def username(self, user: str) -> Awaitable[str | None]:
        """The user name of this person."""

    def room_name(self, room: RoomId) -> Awaitable[str | None]:
        """What this room is called."""


class Rooms(Protocol):
    """Rooms, always found through somebody's memberships."""

    def rooms_of(self, user: UserId) -> Awaitable[list[Room]]:
        """The rooms that ``user`` is a member of, by name.

        Of a room where more than 2,000 events are unread only the newest 2,000 are counted among.
        """

    def belongings(self, users: Sequence[UserId]) -> Awaitable[Mapping[UserId, Belonging]]:
        """The same for many at once; who is nobody is left out."""

    def room_of(self, user: UserId, room: RoomId) -> Awaitable[Room | None]:
        """The room, or None where it does not exist or ``user`` is not a member."""

    def place_of(self, user: UserId, room: RoomId) -> Awaitable[Place | None]:
        """Where ``user`` stands in the room, if anywhere. Cheaper than ``room_of``."""

    def members(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> Awaitable[list[Member] | None]:
        """The first ``limit`` members by user name, above ``after``; None: viewer is no member."""

    def banned(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> Awaitable[list[Member] | None]:
        """The same of those who are banned; Refused (``forbidden``) below a moderator."""

    def find(
        self, viewer: UserId, text: str, after: str, limit: int
    ) -> Awaitable[list[PublicRoom]]:
        """The first ``limit`` public rooms, by id above ``after``, whose name holds ``text``.

        Without regard to case; not those that are archived, nor those that ban ``viewer``.
        """

    def read_to(self, readings: Sequence[Reading]) -> Awaitable[list[ReadMark | None]]:
        """Move read marks forward (never back, never past the newest); None: no member.

        The marks that move, move together; one mark a reading, as it is read after that.
        """

    def heads(self, rooms: Sequence[RoomId]) -> Awaitable[Mapping[RoomId, int]]:
        """The newest numbers of ``rooms`` (any number of them), read at once."""

    def erased(self, rooms: Sequence[RoomId]) -> Awaitable[frozenset[RoomId]]:
        """Those of ``rooms`` that were erased."""


class Changes(Protocol):
    """What people do to rooms: each in one transaction, with the event that says so.

    ``mid`` is the event's id: a change whose (room, actor, mid) exists was done before, and is
    answered with its event. Who may do what is judged inside the transaction (core/rights).
    All raise Refused: ``not_a_member``, ``forbidden``, ``not_found`` (the person, message or invite
    concerned), ``bad_command``. Nobody comes into more than 500 rooms, nor do more than 10 links of
    one person, or 1,000 of all, to the same room work at the same time: ``forbidden``.
    """

    def create(
        self,
        actor: UserId,
        command: CreateRoom,
        room: RoomId,
        mid: MessageId,
        now_ms: int,
        sealer: Sealer,
    ) -> Awaitable[Changed]:
        """Make ``room``; of a direct one its people must be visible to ``actor`` (``people``)."""

    def join(
        self, actor: UserId, room: RoomId, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Awaitable[Changed]:
        """Enter a public room; ``not_a_member`` where it is not public, or bans ``actor``.

        Who is in it already changes nothing, as of an earlier sending.
        """

    def join_invited(
        self, actor: UserId, invite: bytes, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Awaitable[Changed]:
        """Enter the room of the invite with this digest, taking one use of it."""

    def change(
        self, actor: UserId, command: Change, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Awaitable[Changed]:
        """Carry out ``command``. Whoever leaves, is kicked or banned: a new epoch seals that."""

    def report(
        self, actor: UserId, command: Report, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Awaitable[Changed]:
        """Seal a report of a message that ``actor`` can see as an event of REPORTS.

        Whatever ``mid`` is: the same person's next report of the same message was done before.
        """

    def invite(self, actor: UserId, command: Invite, link: InviteLink) -> Awaitable[None]:
        """Keep the link."""

    def revoke_invites(self, actor: UserId, command: RevokeInvites, now_ms: int) -> Awaitable[int]:
        """Forget every link to the room; how many were still good for something."""

    def invitation(self, invite: bytes, now_ms: int) -> Awaitable[PublicRoom | None]:
        """The room that this invite leads to; None where it is not good (any more)."""

    def room_behind(self, invite: bytes, user: UserId) -> Awaitable[RoomId | None]:
        """The room of this invite, also of one that is used up, where ``user`` is in it."""


class Sealer(Protocol):
    """Pure functions that the store calls inside its transaction; they never block."""

    def outdated(self, key: StoredKey, next_seq: int, now_ms: int) -> bool:
        """Whether an event numbered ``next_seq`` must begin a new epoch."""

    def new_key(self, room: RoomId, epoch: int, first_seq: int, now_ms: int) -> StoredKey:
        """A fresh random room key, wrapped under the newest root key."""

    def seal(self, draft: Draft, seq: int, key: StoredKey) -> StoredEvent:
        """Seal ``draft`` with its number inside the authenticated header."""

    def open(self, event: StoredEvent, key: StoredKey) -> bytes:
        """The padded plaintext of ``event``; Damaged where it is not as it was sealed."""


class Events(Protocol):
    """The append-only log of every room."""

    def append(self, drafts: Sequence[Draft], sealer: Sealer) -> Awaitable[list[Outcome]]:
        """Number, seal, insert and COMMIT all drafts in one transaction; one outcome a draft.

        Calls are made one at a time by one writer. A room's drafts get consecutive numbers in the
        order given. Membership is checked inside the transaction. A draft whose (room, mid, author)
        exists already, in the table or earlier in the same batch, is Existing, also where the
        author is no member any more; where it was deleted meanwhile, its parts are empty. A draft
        that the database refuses for its own content, or whose author or target may not be, is
        Rejected, and so is what a message has had enough of (100 edits, 2,000 reactions, 20 of one
        person); the others are stored without it. Members whom a draft names, but its author,
        are called by it; an edit calls those whom its message has not called yet.
        """

    def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Awaitable[Page | None]:
        """The first ``limit`` events numbered above ``seq``; None where ``user`` is no member."""

    def before(self, user: UserId, room: RoomId, seq: int, limit: int) -> Awaitable[Page | None]:
        """The last ``limit`` events numbered below ``seq``; None where ``user`` is no member."""

    def glance(
        self, askings: Mapping[RoomId, Asking], limit: int, most_behind: int
    ) -> Awaitable[Mapping[RoomId, Glance]]:
        """What has to be known of rooms in which many read on, in one reading for all of them.

        Of what is remembered those events that were destroyed, and all that follow. Where nothing
        is remembered, or more than ``limit`` follow: the newest ``limit``, or all above the number
        that is named, where these are no more than ``most_behind``. The keys are those of the
        newest ``limit`` and of all above that number, of no more than the newest ``most_behind``,
        and of none that nobody of the people may read. Rooms of no member are left out.
        """

    def feed(
        self,
        room: RoomId,
        seq: int,
        limit: int,
        people: Sequence[UserId],
        kid: str | None = None,
    ) -> Awaitable[Feed]:
        """The first ``limit`` events numbered above ``seq``, for the fan-out; no more than is.

        Of ``people`` (any number) it says who are members at that moment or later: whoever was
        removed before the newest of the events is not among them. They are not asked for where
        ``kid``, the key that seals event ``seq``, seals all of the events: a removal begins a new
        epoch, so there was none.
        """

    def head(self, room: RoomId) -> Awaitable[int]:
        """The room's newest number; 0 where there is no event or no such room."""


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

    def admit(self, identity: Identity) -> None:
        """Take further root keys into service; Misconfigured where others have these numbers."""


class Hashing(Protocol):
    """bcrypt off the reactor's thread; both raise Busy when too many are waiting."""

    def hash(self, password: str) -> Awaitable[PasswordHash]:
        """The hash to store for ``password``."""

    def matches(self, password: str, stored: PasswordHash | None) -> Awaitable[bool]:
        """Whether ``password`` is the stored one.

        None stands for an unknown user: the same work is done and the answer is no.
        """

    def outdated(self, stored: PasswordHash) -> bool:
        """Whether ``hash`` would take a newer pepper."""


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


@dataclass(frozen=True, slots=True)
class RoomsChanged:
    """What rooms this person is in, or as what, is another now."""

    user: UserId


@dataclass(frozen=True, slots=True)
class RoomErased:
    """The room is gone with all that was said there: nothing of it is to be remembered."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class Renamed:
    """This person is called otherwise now; who was erased, nothing."""

    user: UserId


@dataclass(frozen=True, slots=True)
class ReadTo:
    """This person has read so far."""

    user: UserId
    mark: ReadMark


@dataclass(frozen=True, slots=True)
class TypingIn:
    """This person is typing; whoever has not heard of event ``head`` yet passes it on to nobody."""

    user: UserId
    room: RoomId
    head: int


@dataclass(frozen=True, slots=True)
class Online:
    """All who are connected to the daemon ``node`` now; good for PRESENCE_S, then forgotten.

    With ``gone`` it is the difference to the news numbered one less: who has come and who has gone.
    """

    node: str
    users: frozenset[UserId]
    number: int = 0
    gone: frozenset[UserId] | None = None


News = (
    Posted
    | Reached
    | SessionEnded
    | RoomsChanged
    | RoomErased
    | Renamed
    | ReadTo
    | TypingIn
    | Online
)


class Bus(Protocol):
    """Tells every part (and, with several daemons, every node) what is already true.

    Nothing is true because the bus said so: what it tells may be lost, late, or told twice.
    """

    def publish(self, news: News) -> None:
        """Hand ``news`` to every listener; the order of calls is kept. Never raises."""

    def listen(self, hear: Callable[[News], None]) -> None:
        """Call ``hear`` with all news from now on."""
