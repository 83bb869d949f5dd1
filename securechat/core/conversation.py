"""One connection as a state machine: which command is legal now, and how fast.

No I/O: bytes in, commands out, time passed in. Refusals say what was wrong and, for limits, when
to come back; too many of those end the connection.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final

from . import commands as c
from . import parsing
from .buckets import Buckets
from .errors import Close, Code, Refused
from .model import UserId
from .settings import Limits

BURST: Final = 5
"""A limit of n a second lets 5 n through at once."""

MOST_BREACHES: Final = 20
BREACH_WINDOW_S: Final = 10.0

COMMANDS_A_SECOND: Final = 40
COMMANDS_AT_ONCE: Final = 400
"""What is not a post, right or wrong: a person over all connections."""

PINGS_A_SECOND: Final = 1
PINGS_AT_ONCE: Final = 20
"""Pings that a connection may send; browsers send none."""


class State(Enum):
    """Where a connection stands."""

    NEW = auto()
    """Opened; only a hello is legal."""
    OPEN = auto()
    """It said hello; everything else is legal."""


LEGAL: Final[dict[State, tuple[type, ...]]] = {
    State.NEW: (c.Hello,),
    State.OPEN: (c.Subscribe, c.Post, c.History, c.People),
}


class Pace:
    """How fast connections, people and rooms may post; shared by all connections of a daemon."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._connections = Buckets(limits.posts, limits.posts * BURST)
        self._users = Buckets(limits.posts_per_user, limits.posts_per_user * BURST)
        self._rooms = Buckets(limits.posts_per_room, limits.posts_per_room * BURST)
        self._commands = Buckets(COMMANDS_A_SECOND, COMMANDS_AT_ONCE)
        self._pings = Buckets(PINGS_A_SECOND, PINGS_AT_ONCE)

    def check_post(self, connection: str, user: UserId, post: c.Post, now_s: float) -> None:
        """Take one post's share of every limit; Refused where one has none left."""
        for name, buckets, key in (
            ("posts", self._connections, connection),
            ("posts-per-user", self._users, user),
            ("posts-per-room", self._rooms, post.room),
        ):
            _check(name, buckets.wait_s(key, now_s), post.id)

    def check_command(self, user: UserId, request: str | None, now_s: float) -> None:
        """Take one command's share; Refused where none is left."""
        _check("commands", self._commands.wait_s(user, now_s), request)

    def allows_ping(self, connection: str, now_s: float) -> bool:
        """Take one ping's share; whether there was one."""
        return self._pings.wait_s(connection, now_s) <= 0


def _check(name: str, wait_s: float, request: str | None) -> None:
    if wait_s > 0:
        retry_ms = max(1, round(wait_s * 1000))
        raise Refused(
            Code.RATE_LIMITED,
            f"Too much at once ({name}). Try again in {retry_ms} ms.",
            request=request,
            retry_ms=retry_ms,
        )


class Conversation:
    """The state of one connection."""

    def __init__(self, connection: str, user: UserId, pace: Pace) -> None:
        self._connection = connection
        self._user = user
        self._pace = pace
        self._breaches: deque[float] = deque()
        self.state = State.NEW

    def receive(self, frame: bytes, is_binary: bool, now_s: float) -> c.Command:
        """The command in ``frame``, legal now; raises Refused."""
        try:
            command = self._legal(frame, is_binary)
        except Refused as refused:
            self._pay(refused.request, None, now_s)
            raise
        post = command if isinstance(command, c.Post) else None
        self._pay(getattr(command, "id", None), post, now_s)
        if isinstance(command, c.Hello):
            self.state = State.OPEN
        return command

    def _legal(self, frame: bytes, is_binary: bool) -> c.Command:
        limits = self._pace.limits
        command = parsing.parse(frame, is_binary, limits.frame_bytes, limits.body_bytes)
        if not isinstance(command, LEGAL[self.state]):
            raise Refused(
                Code.BAD_COMMAND,
                "Say hello first." if self.state is State.NEW else "This was said already.",
                request=getattr(command, "id", None),
            )
        return command

    def not_greeted(self) -> None:
        """The hello could not be answered; the client may say it again."""
        self.state = State.NEW

    def _pay(self, request: str | None, post: c.Post | None, now_s: float) -> None:
        """Take the frame's share of the limits, refused commands included."""
        try:
            if post is None:
                self._pace.check_command(self._user, request, now_s)
            else:
                self._pace.check_post(self._connection, self._user, post, now_s)
        except Refused as limited:
            limited.close = self._breach(now_s)
            raise limited from None

    def _breach(self, now_s: float) -> Close | None:
        self._breaches.append(now_s)
        while self._breaches[0] <= now_s - BREACH_WINDOW_S:
            self._breaches.popleft()
        return Close.FLOODING if len(self._breaches) > MOST_BREACHES else None
