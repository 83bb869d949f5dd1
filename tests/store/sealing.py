"""A cheap sealer, people and posts for the store's tests."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace

from securechat.core import content, envelope
from securechat.core.errors import Damaged
from securechat.core.keys import RootKeys
from securechat.core.model import (
    GENERAL,
    Appended,
    Draft,
    MessageId,
    Outcome,
    PasswordHash,
    RoomId,
    Session,
    SessionDigest,
    StoredEvent,
    StoredKey,
    User,
    UserId,
)

ROOTS = RootKeys("id-of-this-database", {1: bytes(range(32))})
NOW_MS = 1_700_000_000_000


@dataclass
class CheapSealer:
    """Fills an event's parts with recognizable bytes; no table takes the posts in ``poison``."""

    events_per_epoch: int = 2**20
    poison: frozenset[str] = frozenset()
    sealed: list[tuple[RoomId, int, str]] = field(default_factory=list)
    posted: dict[bytes, bytes] = field(default_factory=dict)
    """What the events say, by their headers: the plaintexts of drafts here are no JSON."""

    def outdated(self, key: StoredKey, next_seq: int, now_ms: int) -> bool:
        return next_seq >= key.first_seq + self.events_per_epoch

    def new_key(self, room: RoomId, epoch: int, first_seq: int, now_ms: int) -> StoredKey:
        return StoredKey(room, epoch, 1, bytes([epoch % 256]) * 40, first_seq, now_ms)

    def seal(self, draft: Draft, seq: int, key: StoredKey) -> StoredEvent:
        self.sealed.append((draft.room, seq, key.kid))
        event = StoredEvent(
            room=draft.room,
            seq=seq,
            mid=draft.mid,
            author=draft.author,
            protected=envelope.header(draft, seq, key.kid),
            encrypted_key=b"\x00'\"%?\\" * 12,
            iv=b"\xff" * 16,
            ciphertext=draft.plaintext,
            tag=b"t" * 32,
        )
        self.posted[event.protected] = content.posted(draft.kind, "", draft.target)
        if draft.mid in self.poison:
            event = replace(event, tag=b"t" * 33)
        return event

    def open(self, event: StoredEvent, key: StoredKey) -> bytes:
        envelope.check_header(event, key.kid)
        if not event.encrypted_key or event.protected not in self.posted:
            raise Damaged("it was not sealed here")
        return self.posted[event.protected]


def id_of(text: str) -> str:
    """22 characters base64url, always the same for the same text."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16])[:22].decode()


def person(name: str, full_name: str | None = None) -> User:
    return User(UserId(id_of(name)), name, full_name or name.title(), "member")


def password() -> PasswordHash:
    return PasswordHash(b"$2b$12$" + b"x" * 53, 1)


def session(user: User, token: str = "first", at_ms: int = NOW_MS) -> Session:
    digest = hashlib.sha256(f"{user.username} {token}".encode()).digest()
    return Session(SessionDigest(digest), user, at_ms, at_ms)


def draft(
    author: User,
    text: str,
    room: RoomId = GENERAL,
    at_ms: int = NOW_MS,
    *,
    kind: str = "text",
    target: int | None = None,
    names: tuple[str, ...] = (),
) -> Draft:
    plaintext = text.encode().ljust(128)
    mid = MessageId(id_of(text))
    return Draft(room, mid, author.id, at_ms, plaintext, kind, target, names)


def numbers(outcomes: list[Outcome]) -> list[int]:
    """The numbers of drafts that must all have been appended."""
    assert all(isinstance(outcome, Appended) for outcome in outcomes), outcomes
    return [outcome.event.seq for outcome in outcomes if isinstance(outcome, Appended)]
