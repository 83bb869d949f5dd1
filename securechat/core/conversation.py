"""One connection as a state machine: which command is legal now, and how fast.

No I/O: bytes in, commands out, time passed in. Refusals say what was wrong and, for limits, when
to come back; too many of those end the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, get_args

from . import commands as c
from . import parsing
from .buckets import Buckets
from .errors import Close, Code, Refused
from .model import RoomId, UserId
from .settings import Limits

BURST: Final = 5
"""A limit of n a second lets 5 n through at once."""

MOST_BREACHES: Final = 20
BREACH_WINDOW_S: Final = 10.0

CHANGES_BURST: Final = 10
"""… but ten times as many changes of rooms: whoever sets a room up does much at once."""

COMMANDS_A_SECOND: Final = 40
COMMANDS_AT_ONCE: Final = 400
"""What is not a post, right or wrong: a person over all connections."""

COMMAND_COSTS: Final[Mapping[type, int]] = {
    c.Subscribe: 5,
    c.History: 5,
    c.FindRooms: 5,
    c.Members: 2,
}
"""What asks much of the database counts as so many commands; all others as one."""

CHANGE_COSTS: Final[Mapping[type, int]] = {
    c.CreateRoom: 5,
    c.JoinRoom: 5,
    c.LeaveRoom: 5,
    c.EraseRoom: 5,
}
"""What leaves rooms and epochs behind for ever counts as so many changes; all others as one."""

PINGS_A_SECOND: Final = 1
PINGS_AT_ONCE: Final = 20
"""Pings that a connection may send; browsers send none."""

FRAMES_A_SECOND: Final = 10
FRAMES_AT_ONCE: Final = 200
"""Frames without a command that a connection may send: pings, pongs, pieces of messages."""


class State(Enum):
    """Where a connection stands."""

    NEW = auto()
    """Opened; only a hello is legal."""
    OPEN = auto()
    """It said hello; everything else is legal."""


LEGAL: Final[dict[State, tuple[type, ...]]] = {
    State.NEW: (c.Hello,),
    State.OPEN: tuple(set(get_args(c.Command)) - {c.Hello}),
}

_CHANGES: Final = tuple(set(get_args(c.RoomCommand)) - {c.FindRooms})


class Pace:
    """How fast connections, people and rooms may post; shared by all connections of a daemon."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._connections = Buckets(limits.posts, limits.posts * BURST)
        self._users = Buckets(limits.posts_per_user, limits.posts_per_user * BURST)
        self._rooms = Buckets(limits.posts_per_room, limits.posts_per_room * BURST)
        self._typing = Buckets(limits.typing, limits.typing * BURST)
        self._changes = Buckets(limits.changes, limits.changes * CHANGES_BURST)
        self._commands = Buckets(COMMANDS_A_SECOND, COMMANDS_AT_ONCE)
        self._pings = Buckets(PINGS_A_SECOND, PINGS_AT_ONCE)
        self._frames = Buckets(FRAMES_A_SECOND, FRAMES_AT_ONCE)

    def check_post(
        self, connection: str, user: UserId, post: c.Post, in_room: bool, now_s: float
    ) -> None:
        """Take one post's share of every limit; Refused where one has none left.

        The room's share is for those who are ``in_room``: no stranger can use it up. From those who
        have not shown that yet it is taken when the post is stored.
        """
        _check("posts", self._connections.wait_s(connection, now_s), post.id)
        _check("posts-per-user", self._users.wait_s(user, now_s), post.id)
        if in_room:
            _check("posts-per-room", self._rooms.wait_s(post.room, now_s), post.id)

    def charge_room(self, room: RoomId, now_s: float) -> None:
        """Take the room's share of a post that ``check_post`` did not take, if any is left."""
        self._rooms.wait_s(room, now_s)

    def check_command(self, user: UserId, command: c.Command | None, now_s: float) -> None:
        """Take one command's share (None: one that was refused); Refused where none is left."""
        request = getattr(command, "id", None)
        kind = type(command)
        _check("commands", self._commands.wait_s(user, now_s, COMMAND_COSTS.get(kind, 1)), request)
        if isinstance(command, c.Typing):
            _check("typing", self._typing.wait_s(user, now_s), None)
        elif isinstance(command, _CHANGES):
            _check("changes", self._changes.wait_s(user, now_s, CHANGE_COSTS.get(kind, 1)), request)

    def allows_frame(self, connection: str, now_s: float) -> bool:
        """Take the share of one frame that carries no command; whether there was one."""
        return self._frames.wait_s(connection, now_s) <= 0

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

    __slots__ = ("_breaches", "_connection", "_pace", "_rooms", "_user", "state")

    def __init__(self, connection: str, user: UserId, pace: Pace) -> None:
        self._connection = connection
        self._user = user
        self._pace = pace
        self._breaches: list[float] = []
        self._rooms: set[RoomId] = set()
        self.state = State.NEW

    def receive(self, frame: bytes, is_binary: bool, now_s: float) -> c.Command:
        """The command in ``frame``, legal now; raises Refused."""
        try:
            command = self._legal(frame, is_binary)
        except Refused as refused:
            self._pay(None, now_s, refused.request)
            raise
        self._pay(command, now_s)
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

    def is_in(self, room: RoomId) -> bool:
        """Whether posts to ``room`` take the room's share before they are stored."""
        return room in self._rooms

    def entered(self, room: RoomId) -> None:
        """The person has shown to be a member of ``room``."""
        self._rooms.add(room)

    def left(self, room: RoomId) -> None:
        """The person was refused as no member of ``room``."""
        self._rooms.discard(room)

    def stored_unseen(self, room: RoomId, now_s: float) -> None:
        """A post was stored in a room that the person had not shown to be in: now it has.

        So whoever never subscribes uses the room's share too, only later.
        """
        self._rooms.add(room)
        self._pace.charge_room(room, now_s)

    def not_greeted(self) -> None:
        """The hello could not be answered; the client may say it again."""
        self.state = State.NEW

    def _pay(self, command: c.Command | None, now_s: float, request: str | None = None) -> None:
        """Take the frame's share of the limits, refused commands included."""
        try:
            if isinstance(command, c.Post):
                in_room = command.room in self._rooms
                self._pace.check_post(self._connection, self._user, command, in_room, now_s)
            else:
                self._pace.check_command(self._user, command, now_s)
        except Refused as limited:
            limited.request = limited.request or request
            limited.close = self._breach(now_s)
            raise limited from None

    def _breach(self, now_s: float) -> Close | None:
        self._breaches.append(now_s)
        while self._breaches[0] <= now_s - BREACH_WINDOW_S:
            del self._breaches[0]
        return Close.FLOODING if len(self._breaches) > MOST_BREACHES else None
