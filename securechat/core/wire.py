"""The frames that the server sends: ``←``, JSON in UTF-8, each built once.

Commands (``→``) are in ``commands``, and ``parsing`` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from . import envelope
from .errors import Refused
from .model import Room, RoomId, StoredEvent

SUBPROTOCOL = "securechat.v1"


def encode(frame_type: str, **fields: Any) -> bytes:
    """← a frame of this type as compact JSON (bytes, UTF-8)."""
    value = {"type": frame_type, **fields}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def room_fields(room: Room) -> dict[str, Any]:
    """A room as ``welcome``, ``room`` and ``done`` frames show it to one of its members."""
    fields: dict[str, Any] = {
        "id": room.id,
        "name": room.name,
        "kind": room.kind,
        "topic": room.topic,
        "last_seq": room.last_seq,
        "read_seq": room.read_seq,
        "members": room.members,
        "role": room.role,
        "history": room.history,
        "archived": room.archived,
        "since_seq": room.since_seq,
        "unread": room.unread,
        "mentions": room.mentions,
        "retention": room.retention_days,
    }
    if room.kind == "direct":
        fields["people"] = list(room.people)
    return fields


def encode_event(event: StoredEvent) -> bytes:
    """← ``{"type":"event","room":R,"seq":n,"envelope":{…}}``, the same bytes for every member."""
    head = f'{{"type":"event","room":"{event.room}","seq":{event.seq},"envelope":'
    return head.encode("ascii") + envelope.encode(event) + b"}"


def encode_entry(event: StoredEvent) -> bytes:
    """One element of a ``history`` frame's ``events``: ``{"seq":n,"envelope":{…}}``."""
    return f'{{"seq":{event.seq},"envelope":'.encode("ascii") + envelope.encode(event) + b"}"


def encode_history(
    request: str, room: RoomId, entries: Sequence[bytes], keys: list[dict[str, str]], more: bool
) -> bytes:
    """← ``{"type":"history","id":…,"room":R,"keys":[…],"more":…,"events":[…]}``"""
    head = encode("history", id=request, room=room, keys=keys, more=more)
    return head[:-1] + b',"events":[' + b",".join(entries) + b"]}"


def encode_error(refused: Refused) -> bytes:
    """← ``{"type":"error","id":…|null,"code":…,"text":…,"retry":…}`` (and ``retry_ms``)."""
    fields: dict[str, Any] = {
        "id": refused.request,
        "code": refused.code,
        "text": str(refused),
        "retry": refused.retry,
    }
    if refused.retry_ms is not None:
        fields["retry_ms"] = refused.retry_ms
    return encode("error", **fields)


def text_frame(payload: bytes) -> bytes:
    """``payload`` as one unmasked, final WebSocket text frame (RFC 6455 section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
