"""What people may be called: user names that are typed, full names that are shown."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from .encoding import b64url
from .sentences import Sentence

MAX_FULL_NAME_CHARACTERS = 80
MAX_ROOM_NAME_CHARACTERS = 64
MAX_TOPIC_CHARACTERS = 250

RESERVED = "~"
_USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
# Overrides and isolates can make a name read as another one; U+2028 and U+2029 break lines.
# Marks (U+200E, U+200F, U+061C) stay: right-to-left names need them and they reorder nothing else.
_REFUSED_CODE_POINTS = frozenset(
    chr(point)
    for first, last in ((0x202A, 0x202E), (0x2066, 0x2069), (0x2028, 0x2029))
    for point in range(first, last + 1)
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


_RESERVED_ROOM_NAMES = frozenset({"general", "reports"})


class BadName(ValueError):
    """A name that cannot be used: ``sentence`` is for the person who typed it.

    The text says the same in the English of the protocol.
    """

    def __init__(self, text: str, sentence: Sentence) -> None:
        super().__init__(text)
        self.sentence = sentence


def fold_username(typed: str) -> str:
    """The user name as it is stored: 3 to 32 of ``a-z 0-9 _ . -``.

    White space around it is dropped and ASCII upper case is folded. Anything else raises BadName:
    letters such as U+212A, whose lower case is an ASCII letter, are not let in by folding.
    """
    name = typed.strip()
    if not name:
        raise BadName("Choose a user name.", Sentence("name.user.empty"))
    if not _USERNAME.fullmatch(name):
        raise BadName(
            "A user name is 3 to 32 characters long: letters a to z, digits, _ . and -.",
            Sentence("name.user.form"),
        )
    return name.lower()


def reserved_username(username: str) -> str:
    """What stands in the place of an erased person's (folded) user name, for it to stay taken.

    A digest: whoever has a name in mind can tell whether somebody who is gone had it. Nobody can
    be called so.
    """
    digest = hashlib.sha256(b"securechat erased user name\n" + username.encode("ascii")).digest()
    return RESERVED + b64url(digest)


def is_reserved(username: str) -> bool:
    """Whether this stands in the place of an erased person's user name."""
    return username.startswith(RESERVED)


def tidy_full_name(typed: str) -> str:
    """The full name as it is stored: trimmed, composed (NFC), 1 to 80 code points.

    Raises BadName where it is empty, too long, shows nothing, or holds what ``_tidy`` refuses.
    """
    if not typed.strip():
        raise BadName("Tell the others what to call you.", Sentence("name.full.empty"))
    return _visible(_tidy(typed, MAX_FULL_NAME_CHARACTERS, "A full name"), "A full name")


def tidy_room_name(typed: str) -> str:
    """A room's name as it is stored: like a full name, 1 to 64 code points.

    What reads as the name of one of the server's own rooms is refused too.
    """
    if not typed.strip():
        raise BadName("Give the room a name.", Sentence("error.name.empty"))
    name = _visible(_tidy(typed, MAX_ROOM_NAME_CHARACTERS, "A room name"), "A room name")
    if _folded(name) in _RESERVED_ROOM_NAMES:
        raise BadName("This name is taken by the server.", Sentence("error.name.taken"))
    return name


def _folded(name: str) -> str:
    """``name`` without what does not show (category Cf) and without difference of case or width."""
    shown = (one for one in name if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", "".join(shown)).casefold().strip()


def tidy_topic(typed: str) -> str:
    """A room's topic as it is stored: trimmed, composed (NFC), at most 250 code points or empty."""
    return _tidy(typed, MAX_TOPIC_CHARACTERS, "A topic")


def _tidy(typed: str, most: int, what: str) -> str:
    """Trimmed and composed (NFC), one line.

    Raises BadName where it is longer than ``most`` code points or holds one of: control characters
    (category Cc, NUL among them), lone surrogates (Cs), U+202A to U+202E, U+2066 to U+2069,
    U+2028, U+2029. Joiners (U+200D) are allowed, for emoji and for scripts that need them.
    """
    name = unicodedata.normalize("NFC", typed.strip())
    if len(name) > most:
        raise BadName(
            f"{what} is at most {most} characters long.", Sentence("name.long", {"n": most})
        )
    if any(
        character in _REFUSED_CODE_POINTS or unicodedata.category(character) in _REFUSED_CATEGORIES
        for character in name
    ):
        raise BadName(f"{what} cannot hold control characters.", Sentence("name.control"))
    return name


def _visible(name: str, what: str) -> str:
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise BadName(
            f"{what} needs at least one character that can be seen.", Sentence("name.unseen")
        )
    return name
