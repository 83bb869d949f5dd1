"""What events say: the JSON inside the envelope, from the kind of event to its padded bytes.

Kinds that people post: ``text`` {body}, ``reply`` {target, body}, ``edit`` {target, body},
``reaction`` {target, body: one emoji}. Kinds that the server writes, ``from`` naming who did it:

    created   {name, room_kind}   the first event of a room        renamed  {name}
    joined    {user}              topic {topic}                    archived {archived}
    left      {user}              went by themselves
    removed   {user}              kicked; banned {user} banned; unbanned {user}
    muted     {user, until}       ms since 1970, or null           unmuted {user}
    role      {user, role}        member, moderator or owner
    retention {days}              texts older than that are erased, or null: no more
    expired   {up_to}             by the server itself: so they are, up to this number
    erased    {user, targets, others}  all that this person wrote, so much a time: messages, and the
                                  edits and reactions among it, by number
    deleted   {target, edits}     these numbers' keys and ciphertexts are destroyed; {was: reaction}
                                  beside them where it was no message
    report    {room, target, body}  only in the room ``reports``
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from . import envelope
from .errors import Damaged
from .model import UserId

MOST_REACTION_BYTES: Final = 64
MOST_REACTION_SYMBOLS: Final = 8
"""So many code points besides those that join them: the longest emoji have six."""

MOST_MENTIONS: Final = 50
"""So many people one message may call; the rest are names like any other word."""

SPOKEN: Final = frozenset({"text", "reply"})
"""Kinds that are messages of their own: they count as unread, and may be edited and answered."""

_JOINERS = frozenset({"\u200d", "\ufe0f", *map(chr, range(0xE0020, 0xE0080))})
"""What builds one emoji of several symbols: zero-width joiner, variation selector, tags."""

_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_SYMBOLS_OF_OTHER_KINDS = frozenset("\u203c\u2049\u2139\u3030")
"""Emoji that Unicode counts among letters and punctuation: ‼ ⁉ ℹ 〰."""

_MENTION = re.compile(r"(?<![\w@.-])@([A-Za-z0-9_.-]{3,32})")


def said(kind: str, **fields: Any) -> bytes:
    """The padded plaintext (bytes, UTF-8) of an event of this kind."""
    text = json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
    return envelope.padded(text.encode("utf-8"))


def read(plaintext: bytes) -> dict[str, Any]:
    """What an opened event says; Damaged where it is not a JSON object with a kind."""
    try:
        fields = json.loads(plaintext)
    except (ValueError, RecursionError):
        raise Damaged("the content is not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        raise Damaged("the content has no kind")
    return fields


def posted(kind: str, body: str, target: int | None) -> bytes:
    """The padded plaintext of a post."""
    return said(kind, body=body) if target is None else said(kind, target=target, body=body)


def deleted(target: int, edits: Sequence[int], was: str | None = None) -> bytes:
    """The padded plaintext of a deletion: the message and all edits of it, by number.

    ``was`` is the kind where it was no message: nothing stands in a reaction's place.
    """
    kind = {} if was is None else {"was": was}
    return said("deleted", target=target, edits=list(edits), **kind)


def about(kind: str, user: UserId, **fields: Any) -> bytes:
    """The padded plaintext of what happened to ``user``."""
    return said(kind, user=user, **fields)


def mentioned(body: str) -> tuple[str, ...]:
    """The folded user names that ``body`` calls with an @, each once, at most MOST_MENTIONS.

    A full stop or hyphen that ends a sentence is no part of the name, unless the name has it: both
    spellings are returned, and who is meant is who exists.
    """
    if "@" not in body:
        return ()
    names: dict[str, None] = {}
    for match in _MENTION.finditer(body):
        name = match[1].lower()
        names[name] = None
        bare = name.rstrip(".-_")
        if len(bare) >= 3:
            names[bare] = None
        if len(names) >= MOST_MENTIONS:
            break
    return tuple(names)


def complaint_about_reaction(body: str) -> str | None:
    """Why ``body`` cannot be a reaction; None where it can: a few symbols, no text, no space."""
    if len(body.encode("utf-8")) > MOST_REACTION_BYTES:
        return f"A reaction has at most {MOST_REACTION_BYTES} bytes."
    signs = _KEYCAP.sub("\u2328", body)
    symbols = [sign for sign in signs if sign not in _JOINERS]
    if signs[:1] in _JOINERS or not symbols or not all(map(_is_symbol, symbols)):
        return "A reaction is an emoji."
    if len(symbols) > MOST_REACTION_SYMBOLS:
        return f"A reaction has at most {MOST_REACTION_SYMBOLS} symbols."
    return None


def _is_symbol(character: str) -> bool:
    """Whether this can be an emoji, or a part of one that shows.

    In the blocks of emoji also what this Python's Unicode does not know yet.
    """
    point = ord(character)
    if 0x1F000 <= point <= 0x1FAFF or character in _SYMBOLS_OF_OTHER_KINDS:
        return True
    return point > 0x7F and unicodedata.category(character) in ("So", "Sm")
