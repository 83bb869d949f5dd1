"""The frame that nearly always comes: one text message, whole, final and masked. Pure."""

from __future__ import annotations

FINAL_TEXT = 0x81
"""FIN, no extension bits, opcode 1 (RFC 6455 section 5.2)."""

MASKED = 0x80


def text_at(data: bytes, at: int, most_bytes: int) -> tuple[bytes, int] | None:
    """The message in the frame that begins at ``at``, and where the frame ends.

    None for anything else: another kind of frame, one that is not whole or not encoded as short as
    it must be, one of more than ``most_bytes``, and nothing at all. Whoever knows the rest of the
    protocol sees to it then.
    """
    size = len(data)
    if size < at + 6 or data[at] != FINAL_TEXT:
        return None
    length = data[at + 1] - MASKED
    begin = at + 2
    if length == 126:
        begin = at + 4
        length = int.from_bytes(data[at + 2 : begin], "big")
        if length < 126:
            return None
    elif length == 127:
        begin = at + 10
        length = int.from_bytes(data[at + 2 : begin], "big")
        if length < 1 << 16:
            return None
    begin += 4
    end = begin + length
    if not 0 <= length <= most_bytes or end > size:
        return None
    return unmasked(data[begin:end], data[begin - 4 : begin]), end


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """``payload`` XOR the four bytes of ``mask``, over and over (RFC 6455 section 5.3)."""
    size = len(payload)
    masks = (mask * (size // 4 + 1))[:size]
    whole = int.from_bytes(payload, "big") ^ int.from_bytes(masks, "big")
    return whole.to_bytes(size, "big")
