"""Lets events be older than they are: sealed anew, with an earlier time."""

from __future__ import annotations

from typing import Any

from securechat.core import envelope
from securechat.core.keys import RoomKeys
from securechat.core.model import Draft, RoomId
from securechat.store import Store, log
from securechat.store.transaction import Transaction

EVENTS = log.EVENT + "WHERE room_id = ? AND seq <= ? ORDER BY seq"
KEYS = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id = ?"""
RESEAL = """
    UPDATE events SET protected = ?, encrypted_key = ?, iv = ?, ciphertext = ?, tag = ?
    WHERE room_id = ? AND seq = ?"""


def age_events(store: Store, keys: RoomKeys, room: RoomId, last: int, by_ms: int) -> None:
    """The room's events up to ``last`` are ``by_ms`` older; blocking, without a daemon."""
    dialect: Any = store.database.dialect
    connection = dialect.connect(writes=True)
    dialect.begin(connection, writes=True)
    tx = Transaction(connection, dialect)
    by_kid = {key.kid: key for key in map(log.key_from, tx.all(KEYS, room))}
    for event in [log.event_from(row) for row in tx.all(EVENTS, room, last)]:
        key = by_kid[envelope.kid_of(event) or ""]
        time_ms = int(envelope.parse_header(event)["time"]) - by_ms
        plaintext = keys.open(event, key)
        old = keys.seal(Draft(room, event.mid, event.author, time_ms, plaintext), event.seq, key)
        parts = (old.protected, old.encrypted_key, old.iv, old.ciphertext, old.tag)
        tx.run(RESEAL, *parts, room, event.seq)
    dialect.commit(connection, writes=True)
    connection.close()
