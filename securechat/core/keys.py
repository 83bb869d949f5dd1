"""The key hierarchy: root key → one key a purpose, room keys by epoch, channel keys by connection.

Root keys never leave the process; everything below is derived with HKDF-SHA-256 (RFC 5869) or
wrapped with AES-KW (RFC 3394).
"""

from __future__ import annotations

import hmac
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import envelope
from .errors import Damaged
from .model import Draft, Identity, RoomId, StoredEvent, StoredKey, UserId

EPOCH_MS = 24 * 60 * 60 * 1000
"""A room key that is older than a day is replaced at the next post."""

EPOCH_EVENTS = 1 << 20
"""… and so is one that has sealed this many events."""

_ROOM_KEY_BYTES = 32
_ROOM_KEYS_KEPT = 4096


def hkdf(secret: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """32 bytes of HKDF-SHA-256 from ``secret`` for the purpose ``info``."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def purpose_key(root_key: bytes, purpose: str) -> bytes:
    """The key that ``root_key`` gives to one purpose, such as ``pepper`` or ``csrf``."""
    return hkdf(root_key, b"securechat/v1/" + purpose.encode("ascii"))


def room_wrapping_key(root_key: bytes, room: RoomId, epoch: int) -> bytes:
    """The key that wraps the room key of ``room`` in ``epoch``."""
    name = room.encode("ascii")
    info = b"securechat/v1/room-key" + len(name).to_bytes(2, "big") + name
    return hkdf(root_key, info + epoch.to_bytes(4, "big"))


def factor_wrapping_key(root_key: bytes, user: UserId) -> bytes:
    """The key that wraps what the second factors of ``user`` need."""
    name = user.encode("ascii")
    return hkdf(root_key, b"securechat/v1/factors" + len(name).to_bytes(2, "big") + name)


class Roots(Protocol):
    """Where wrapping keys come from."""

    @property
    def newest(self) -> tuple[int, bytes]:
        """The root key that seals new things, with its number."""

    def key(self, root_id: int) -> bytes:
        """The root key with this number; Damaged or RootUnknown where there is none."""


@dataclass(frozen=True, slots=True, repr=False)
class RootKeys:
    """The keyring's content: root keys (32 bytes each) by number; the highest seals new things.

    ``made_ms`` says when each was made (milliseconds since 1970), where that is known.
    """

    database_id: str
    keys: Mapping[int, bytes]
    made_ms: Mapping[int, int] = field(default_factory=dict)

    @property
    def newest_id(self) -> int:
        """The number of the root key in use for new things."""
        return max(self.keys)

    @property
    def newest(self) -> tuple[int, bytes]:
        """The root key in use for new things, with its number."""
        return self.newest_id, self.keys[self.newest_id]

    def key(self, root_id: int) -> bytes:
        """The root key with this number; Damaged where there is none."""
        found = self.keys.get(root_id)
        if found is None:
            raise Damaged(f"root key {root_id} is unknown")
        return found

    def purposes(self, name: str) -> tuple[bytes, ...]:
        """Every root key's key for one purpose, the newest first."""
        return tuple(purpose_key(self.keys[one], name) for one in sorted(self.keys, reverse=True))

    def peppers(self) -> dict[int, bytes]:
        """The password pepper of every root key, by its number."""
        return {root_id: purpose_key(key, "pepper") for root_id, key in self.keys.items()}

    def adding(self, root_id: int, key: bytes, made_ms: int) -> RootKeys:
        """These and one more."""
        keys, made = {**self.keys, root_id: key}, {**self.made_ms, root_id: made_ms}
        return RootKeys(self.database_id, keys, made)

    def without(self, root_id: int) -> RootKeys:
        """These but that one."""
        keys = {one: key for one, key in self.keys.items() if one != root_id}
        made = {one: ms for one, ms in self.made_ms.items() if one != root_id}
        return RootKeys(self.database_id, keys, made)

    def identity(self) -> Identity:
        """What a new database is claimed with."""
        return Identity(self.database_id, {one: self._check(one) for one in self.keys})

    def news_for(self, identity: Identity) -> Identity | None:
        """Those of these root keys that the database does not know yet; None: it knows all."""
        checks = {one: self._check(one) for one in self.keys if one not in identity.checks}
        return Identity(self.database_id, checks) if checks else None

    def misfit(self, identity: Identity) -> str | None:
        """Why these are not the keys of the database known as ``identity``, and what to do."""
        if self.database_id != identity.database_id:
            return (
                "belongs to another database. Use the keyring that was made together with this one"
            )
        for root_id, check in sorted(identity.checks.items()):
            if not check:
                continue
            if root_id not in self.keys:
                return f"lacks root key {root_id}, which is in use. Use the newest keyring"
            if not hmac.compare_digest(check, self._check(root_id)):
                return (
                    f"belongs to another database, or was rotated apart from the others: its root "
                    f"key {root_id} is not the one in use. Use the keyring that has it"
                )
        if identity.checks.get(self.newest_id) == b"":
            return f"has root key {self.newest_id} for new things, which was retired. Remove it"
        return None

    def _check(self, root_id: int) -> bytes:
        info = b"securechat/v1/check" + self.database_id.encode("ascii")
        return hkdf(self.keys[root_id], info)


class RoomKeys:
    """Makes, unwraps and uses room keys; the Sealer that the store is handed.

    Keeps the newest unwrapped keys in memory. Safe to use from the store's thread and the
    reactor's at once: each step on the cache is a single dictionary operation.
    """

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._unwrapped: OrderedDict[tuple[str, int, bytes], bytes] = OrderedDict()

    def outdated(self, key: StoredKey, next_seq: int, now_ms: int) -> bool:
        """Whether an event numbered ``next_seq`` must begin a new epoch."""
        return now_ms - key.created_ms >= EPOCH_MS or next_seq - key.first_seq >= EPOCH_EVENTS

    def new_key(self, room: RoomId, epoch: int, first_seq: int, now_ms: int) -> StoredKey:
        """A fresh random room key, wrapped under the newest root key."""
        root_id, root_key = self._roots.newest
        wrapping_key = room_wrapping_key(root_key, room, epoch)
        wrapped = aes_key_wrap(wrapping_key, os.urandom(_ROOM_KEY_BYTES))
        return StoredKey(room, epoch, root_id, wrapped, first_seq, now_ms)

    def rewrapped(self, key: StoredKey) -> StoredKey:
        """``key`` under the newest root key, always in the same bytes; raises Damaged."""
        root_id, root_key = self._roots.newest
        wrapping_key = room_wrapping_key(root_key, key.room, key.epoch)
        wrapped = aes_key_wrap(wrapping_key, self.unwrap(key))
        return replace(key, root_id=root_id, wrapped=wrapped)

    def seal(self, draft: Draft, seq: int, key: StoredKey) -> StoredEvent:
        """Seal ``draft`` as number ``seq`` of its room under ``key``."""
        return envelope.seal(draft, seq, key.kid, self.unwrap(key))

    def open(self, event: StoredEvent, key: StoredKey) -> bytes:
        """The padded plaintext of ``event``; raises Damaged."""
        return envelope.open_event(event, key.kid, self.unwrap(key))

    def forget(self, room: RoomId) -> None:
        """Keep no key of ``room`` in memory."""
        for place in [one for one in list(self._unwrapped) if one[0].startswith(f"{room}.")]:
            self._unwrapped.pop(place, None)

    def unwrap(self, key: StoredKey) -> bytes:
        """The room key (32 bytes).

        Raises Damaged where the row was altered or misplaced, RootUnknown as ``roots`` do.
        """
        place = (key.kid, key.root_id, key.wrapped)
        known = self._unwrapped.get(place)
        if known is not None:
            return known
        try:
            root_key = self._roots.key(key.root_id)
        except Damaged:
            raise Damaged(
                f"the room key {key.kid} names root key {key.root_id}, which is unknown"
            ) from None
        try:
            opened = aes_key_unwrap(room_wrapping_key(root_key, key.room, key.epoch), key.wrapped)
        except InvalidUnwrap:
            raise Damaged(f"the room key {key.kid} does not open") from None
        self._unwrapped[place] = opened
        if len(self._unwrapped) > _ROOM_KEYS_KEPT:
            self._unwrapped.popitem(last=False)
        return opened


@dataclass(frozen=True, slots=True, repr=False)
class Channel:
    """One connection's agreed key, and the server's half of the agreement."""

    key: bytes
    point: bytes
    nonce: bytes

    def wrap(self, room_key: bytes) -> bytes:
        """``room_key`` as it travels to this connection: AES-KW, 40 bytes."""
        return aes_key_wrap(self.key, room_key)


def agree(client_point: bytes, client_nonce: bytes) -> Channel:
    """The server's side of the key agreement: ECDH P-256, then HKDF-SHA-256.

    ``client_point`` is 65 bytes uncompressed, ``client_nonce`` 32. Raises ValueError for a point
    that is not on the curve.
    """
    if len(client_point) != 65 or len(client_nonce) != 32:
        raise ValueError("a P-256 point has 65 bytes and a nonce 32")
    theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), client_point)
    private_key = generate_private_key(SECP256R1())
    point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    nonce = os.urandom(32)
    shared = private_key.exchange(ECDH(), theirs)
    key = channel_key(shared, client_point, client_nonce, point, nonce)
    return Channel(key=key, point=point, nonce=nonce)


def channel_key(
    shared: bytes, client_point: bytes, client_nonce: bytes, point: bytes, nonce: bytes
) -> bytes:
    """The channel key (32 bytes) from the shared x-coordinate and both halves."""
    info = b"securechat/v1/channel" + client_point + point
    return hkdf(shared, info, salt=client_nonce + nonce)
