"""What people may be called: user names that are typed, full names that are shown."""

from __future__ import annotations

import re
import unicodedata

MAX_FULL_NAME_CHARACTERS = 80

_USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
# Overrides and isolates can make a name read as another one; U+2028 and U+2029 break lines.
# Marks (U+200E, U+200F, U+061C) stay: right-to-left names need them and they reorder nothing else.
_REFUSED_CODE_POINTS = frozenset(
    chr(point)
    for first, last in ((0x202A, 0x202E), (0x2066, 0x2069), (0x2028, 0x2029))
    for point in range(first, last + 1)
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


class BadName(ValueError):
    """A name that cannot be used; the text is a sentence for the person who typed it."""


def fold_username(typed: str) -> str:
    """The user name as it is stored: 3 to 32 of ``a-z 0-9 _ . -``.

    White space around it is dropped and ASCII upper case is folded. Anything else raises BadName:
    letters such as U+212A, whose lower case is an ASCII letter, are not let in by folding.
    """
    name = typed.strip()
    if not name:
        raise BadName("Choose a user name.")
    if not _USERNAME.fullmatch(name):
        raise BadName("A user name is 3 to 32 characters long: letters a to z, digits, _ . and -.")
    return name.lower()


def tidy_full_name(typed: str) -> str:
    """The full name as it is stored: trimmed, composed (NFC), 1 to 80 code points.

    Raises BadName where it is empty, too long, shows nothing, or holds one of: control characters
    (category Cc, NUL among them), lone surrogates (Cs), U+202A to U+202E, U+2066 to U+2069,
    U+2028, U+2029. Joiners (U+200D) are allowed, for emoji and for scripts that need them.
    """
    name = unicodedata.normalize("NFC", typed.strip())
    if not name:
        raise BadName("Tell the others what to call you.")
    if len(name) > MAX_FULL_NAME_CHARACTERS:
        raise BadName(f"A full name is at most {MAX_FULL_NAME_CHARACTERS} characters long.")
    if any(
        character in _REFUSED_CODE_POINTS or unicodedata.category(character) in _REFUSED_CATEGORIES
        for character in name
    ):
        raise BadName("A full name cannot hold control characters.")
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise BadName("A full name needs at least one character that can be seen.")
    return name
