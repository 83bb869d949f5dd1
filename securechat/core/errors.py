"""Every refusal in one place: who is to blame, the code on the wire, and whether to come back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Code(StrEnum):
    """What an ``error`` frame may say."""

    BAD_FRAME = "bad_frame"
    BAD_COMMAND = "bad_command"
    NOT_A_MEMBER = "not_a_member"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    ID_CONFLICT = "id_conflict"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class Close(IntEnum):
    """Why a socket ends; every end but BAD_FRAMES and SESSION_ENDED means: come back, resume."""

    RESTARTING = 1012
    BAD_FRAMES = 4400
    SESSION_ENDED = 4401
    NO_HELLO = 4408
    FLOODING = 4429


TEXTS: dict[Code, str] = {
    Code.BAD_FRAME: "This is not a frame of the securechat.v1 protocol.",
    Code.BAD_COMMAND: "This command cannot be carried out.",
    Code.NOT_A_MEMBER: "You are not a member of this room.",
    Code.FORBIDDEN: "You may not do this here.",
    Code.NOT_FOUND: "What this is about is not here.",
    Code.TOO_LARGE: "The message is too long.",
    Code.RATE_LIMITED: "Too many messages at once.",
    Code.ID_CONFLICT: "This id was used for another message.",
    Code.UNAVAILABLE: "The server cannot store messages right now.",
    Code.INTERNAL: "Something went wrong on the server.",
}

RETRYABLE = frozenset({Code.RATE_LIMITED, Code.UNAVAILABLE})
"""The same command may succeed later; every other refusal is final."""


@dataclass(eq=False)
class Refused(Exception):
    """A command that is answered with an ``error`` frame.

    ``request`` is the command's own id where it had one; ``retry_ms`` says when to come back
    (milliseconds from now); ``close`` is the code the socket is closed with after the answer.
    """

    code: Code
    text: str = ""
    request: str | None = None
    retry_ms: int | None = None
    close: Close | None = None

    def __str__(self) -> str:
        return self.text or TEXTS[self.code]

    @property
    def retry(self) -> bool:
        """Whether the same command may succeed later."""
        return self.code in RETRYABLE


class Unavailable(Exception):
    """The database (or another part we lean on) is away; the outcome may be unknown."""


class RootUnknown(Unavailable):
    """Something stored names a root key that this daemon's keyring does not have (yet)."""

    def __init__(self, root_id: int) -> None:
        super().__init__(f"root key {root_id} is not in this daemon's keyring")


class Misconfigured(Exception):
    """The daemon must not start like this; the text says what is wrong and how to set it."""


class Damaged(Exception):
    """A sealed event does not open: altered, swapped, or sealed under another key."""


class NameTaken(Exception):
    """Somebody else registered this user name."""


class FactorNeeded(Exception):
    """The password is right, and this person has a second factor, which was not given."""


class FactorSpent(Exception):
    """A one-time code or a recovery code that was used before, or is none (any more)."""


class Busy(Exception):
    """More password checks are waiting than the machine can do; ``retry_s`` says when to retry."""

    def __init__(self, retry_s: int) -> None:
        super().__init__(f"busy, come back in {retry_s} s")
        self.retry_s = retry_s
