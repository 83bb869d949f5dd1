"""The nouns of SecureChat: frozen values that every ring speaks in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NewType, get_args

from .encoding import b64url

UserId = NewType("UserId", str)
"""22 characters base64url of 128 random bits."""

RoomId = NewType("RoomId", str)
"""``[A-Za-z0-9_-]{1,32}``, so that a key id ``<room>.<epoch>`` splits at its dot."""

MessageId = NewType("MessageId", str)
"""The client's own id of a post: 22 characters base64url of 128 random bits."""

SessionDigest = NewType("SessionDigest", bytes)
"""SHA-256 of a session token (32 bytes): all that the database knows of it."""

Role = Literal["member", "administrator"]
RoomKind = Literal["public", "private", "direct"]
RoomRole = Literal["member", "moderator", "owner"]
HistoryRule = Literal["all", "joined"]
"""What a newcomer of a room may read: everything, or only what follows from now on."""

PostKind = Literal["text", "reply", "edit", "reaction"]
POSTED_KINDS: Final[tuple[PostKind, ...]] = get_args(PostKind)
Registration = Literal["open", "invite", "closed"]

GENERAL = RoomId("general")
"""The public room that exists from the start and holds everyone who registers."""

REPORTS = RoomId("reports")
"""The private room of the server's administrators, where what people report is sealed and kept."""

SERVER = UserId("server")
"""Who has done what the server does by itself; nobody's id, since those have 22 characters."""

MOST_DIRECT_PEOPLE = 8
MOST_UNREAD = 100
"""Unread messages are counted up to here; this many means: or more."""

ROOM_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
USER_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{22}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""A secret of 256 random bits in a link or a cookie, base64url."""


_REFERENCE_BYTES = 12


def digest_of(token: str) -> SessionDigest:
    """The SHA-256 under which a session token is stored and looked up."""
    return SessionDigest(hashlib.sha256(token.encode()).digest())


def reference_of(digest: SessionDigest) -> str:
    """What a page may call a session by, 16 characters base64url: it leads back to nothing."""
    hashed = hashlib.sha256(b"securechat session reference" + digest).digest()
    return b64url(hashed[:_REFERENCE_BYTES])


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as others see them."""

    id: UserId
    username: str
    full_name: str


@dataclass(frozen=True, slots=True)
class User(Person):
    """Somebody with an account here."""

    role: Role


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A stored password: a bcrypt string, and the root key whose pepper went into it."""

    bcrypt: bytes
    root_id: int


@dataclass(frozen=True, slots=True)
class Device:
    """What a browser calls itself, in words of our own (core/devices); empty where unknown.

    ``address`` is where it comes from, for the audit log; sessions do not keep it.
    """

    browser: str = ""
    platform: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; times are milliseconds since 1970.

    ``proven_ms``: when whoever sits there has last proven who that is, as at the log-in.
    """

    digest: SessionDigest
    user: User
    created_ms: int
    seen_ms: int
    device: Device = Device()
    proven_ms: int = 0


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """What an app makes somebody's one-time codes from, wrapped under a root key (32 bytes).

    ``since_ms``: when it was confirmed (milliseconds since 1970).
    """

    user: UserId
    root_id: int
    wrapped: bytes
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Passkey:
    """What a device of somebody can sign with (core/passkeys); times are ms since 1970.

    ``public_key`` is a COSE_Key. ``sign_count`` grows with each use, where the device counts.
    """

    id: bytes
    user: UserId
    name: str
    public_key: bytes
    sign_count: int
    created_ms: int
    used_ms: int = 0


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Which second factors somebody has, and how many recovery codes are left."""

    app: SealedSecret | None = None
    recovery_left: int = 0
    passkeys: tuple[Passkey, ...] = ()

    def __bool__(self) -> bool:
        return self.app is not None or bool(self.passkeys)


@dataclass(frozen=True, slots=True)
class AppUse:
    """The code of this step (of 30 s, since 1970) was typed; it counts once."""

    step: int


@dataclass(frozen=True, slots=True)
class RecoveryUse:
    """The recovery code with this digest was typed; it counts once."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class SpentChallenge:
    """A challenge was answered, which counts once; after ``expires_ms`` it would not be taken."""

    digest: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """This passkey has signed, and its device has made sure who holds it; its counter says so."""

    id: bytes
    sign_count: int
    challenge: SpentChallenge
    at_ms: int


FactorUse = AppUse | RecoveryUse | PasskeyUse


@dataclass(frozen=True, slots=True)
class Halfway:
    """A log-in whose password was right (``proof``), and which waits for a second factor.

    ``tries_left`` counts those that may still be wrong.
    """

    user: User
    proof: PasswordHash
    tries_left: int


@dataclass(frozen=True, slots=True)
class Room:
    """A room as one of its members sees it.

    ``role`` is this member's; of the events up to ``since_seq`` this member sees none. ``unread``
    (at most MOST_UNREAD) and ``mentions`` count others' messages above ``read_seq``. ``people`` are
    the members of a direct room, the viewer among them; empty for other kinds.
    """

    id: RoomId
    name: str
    kind: RoomKind
    topic: str
    last_seq: int
    read_seq: int
    members: int
    role: RoomRole = "member"
    history: HistoryRule = "all"
    archived: bool = False
    since_seq: int = 0
    unread: int = 0
    mentions: int = 0
    people: tuple[UserId, ...] = ()
    retention_days: int | None = None
    """Texts older than that are erased; None: all are kept."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """All rooms of a person, by name; where that person's ``revision`` is still this one, they are
    the same ones, and the person's role in each is the same."""

    revision: int
    rooms: tuple[Room, ...]


@dataclass(frozen=True, slots=True)
class PublicRoom:
    """A room that anyone may find; ``joined`` says whether the viewer is in it."""

    id: RoomId
    name: str
    topic: str
    members: int
    joined: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room, or banned from it (then with the role ``member``).

    ``muted_until_ms``: 0 not muted, None without end.
    """

    person: Person
    role: RoomRole
    muted_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody says that they have read a room up to here."""

    user: UserId
    room: RoomId
    seq: int


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far somebody has read in a room, and what is left."""

    room: RoomId
    seq: int
    unread: int
    mentions: int


@dataclass(frozen=True, slots=True)
class InviteLink:
    """An invitation; the token itself is nowhere but in the link. Times: ms since 1970."""

    digest: bytes
    room: RoomId
    author: UserId
    expires_ms: int
    uses: int


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A room key as the store keeps it: 32 bytes wrapped under the root key (40 bytes).

    It seals the events from ``first_seq`` to the one before the next epoch's ``first_seq``.
    """

    room: RoomId
    epoch: int
    root_id: int
    wrapped: bytes
    first_seq: int
    created_ms: int

    @property
    def kid(self) -> str:
        """The key id that envelopes carry."""
        return f"{self.room}.{self.epoch}"


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a number: ``plaintext`` is padded JSON (bytes, UTF-8).

    ``kind`` and ``target`` repeat what it says for the store's own eyes; ``names`` are the folded
    user names that it calls.
    """

    room: RoomId
    mid: MessageId
    author: UserId
    time_ms: int
    plaintext: bytes
    kind: str = "text"
    target: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A sealed event: the five binary parts of its JWE beside the columns that find it.

    ``protected`` is the header's JSON, byte for byte; ``encrypted_key`` 72 bytes, ``iv`` 16,
    ``ciphertext`` a multiple of 16, ``tag`` 32.
    """

    room: RoomId
    seq: int
    mid: MessageId
    author: UserId
    protected: bytes
    encrypted_key: bytes
    iv: bytes
    ciphertext: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive events of a room in ascending order, with the keys that open them.

    ``last_seq`` is the room's newest number and ``members`` its size when the page was read; of the
    events up to ``since_seq`` this member sees none.
    """

    events: tuple[StoredEvent, ...]
    keys: tuple[StoredKey, ...]
    last_seq: int
    members: int
    since_seq: int = 0


@dataclass(frozen=True, slots=True)
class Asking:
    """Who wants to read on in a room, and what is known of it already.

    ``seq``: the lowest number up to which one of ``people`` has everything; None: nobody names
    one. ``known``: the first and the last number of the events that are remembered; None: none are.
    """

    people: tuple[UserId, ...]
    seq: int | None
    known: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one member sees of a room: all up to ``last_seq``, but what is up to ``since_seq``."""

    last_seq: int
    members: int
    since_seq: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A room as several members see it, read for all of them at once.

    ``sights`` holds those who are members. Whoever remembers events between ``floor`` and
    ``fresh`` knows by ``events`` which of them have been destroyed since; all that are above
    ``fresh`` are among them, in ascending order. ``keys`` open what members who have less lack.
    """

    sights: Mapping[UserId, Sight]
    floor: int
    fresh: int
    events: tuple[StoredEvent, ...]
    keys: tuple[StoredKey, ...]


@dataclass(frozen=True, slots=True)
class Appended:
    """The draft has its number, sealed under ``key``, and is durable."""

    event: StoredEvent
    key: StoredKey


@dataclass(frozen=True, slots=True)
class Existing:
    """Room, client id and author were stored before, as this event.

    ``key`` is the one that seals it; None where it is missing, or the event was destroyed.
    """

    event: StoredEvent
    key: StoredKey | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The draft was not stored and never will be, whatever happened to its neighbours.

    ``muted``, ``archived``: its author may not post now. ``target``: what it answers, edits or
    reacts to is not there, is no message, was deleted, or (an edit) is somebody else's.
    """

    why: Literal["not_a_member", "invalid", "muted", "archived", "target"]


Outcome = Appended | Existing | Rejected


@dataclass(frozen=True, slots=True)
class Changed:
    """A room was changed, and the event that says so is durable.

    ``event`` is in ``room`` (reports: in REPORTS). ``affected`` are the people whose list of rooms,
    or whose role in one, is another now. ``duplicate``: it was done by an earlier sending.
    """

    room: RoomId
    event: StoredEvent
    key: StoredKey
    affected: tuple[UserId, ...] = ()
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A room's next events for a whole audience, read in one transaction.

    ``since`` holds those of the people asked for who are members now, and up to which number each
    sees nothing. None: nobody was asked for, since the key that seals all the events was known.
    """

    events: tuple[StoredEvent, ...]
    keys: tuple[StoredKey, ...]
    last_seq: int
    members: int
    since: Mapping[UserId, int] | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is, and which root keys it has known.

    ``checks`` has a proof of each by its number; it is empty for one that was retired.
    """

    database_id: str
    checks: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class RootUse:
    """What needs one root key: the room keys and second factors it wraps, passwords it peppers."""

    room_keys: int = 0
    passwords: int = 0
    factors: int = 0

    def __bool__(self) -> bool:
        return bool(self.room_keys or self.passwords or self.factors)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person at the door of the socket.

    ``expires_ms`` is the session's absolute end (milliseconds since 1970).
    """

    user: User
    session: SessionDigest
    expires_ms: int
    address: str
