"""The words that a scene is written in: who says and does what, one after the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..core.model import HistoryRule, RoomKind

MINUTE_MS = 60_000
HOUR = 60.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented; ``username`` is what scenes call them."""

    username: str
    full_name: str


@dataclass(frozen=True, slots=True)
class Say:
    """A message, ``after`` minutes; with ``to`` an answer to the message of that label."""

    who: str
    text: str
    after: float = 2.0
    to: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """The author of the message ``label`` puts other words in its place."""

    label: str
    text: str
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class React:
    """An emoji on the message ``label``."""

    who: str
    label: str
    emoji: str
    after: float = 0.2


@dataclass(frozen=True, slots=True)
class Delete:
    """``who`` destroys the message ``label``."""

    who: str
    label: str
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """``who`` tells the administrators of the message ``label``."""

    who: str
    label: str
    reason: str
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Do:
    """``who`` does something to the room, or to ``whom`` in it."""

    who: str
    what: Literal["add", "make moderator", "mute", "ban", "archive"]
    whom: str = ""
    after: float = 1.0


Act = Say | Edit | React | Delete | Report | Do


@dataclass(frozen=True, slots=True)
class Scene:
    """A room and what happens in it, ending ``ended_min`` minutes before now.

    The first of ``members`` makes the room and takes the others in. Everybody has read everything,
    but ``reader`` nothing from the message labelled ``unread_from`` on. A room that is not direct
    and has no name is ``general``, which is there already.
    """

    kind: RoomKind
    members: tuple[str, ...]
    acts: tuple[Act, ...]
    name: str = ""
    topic: str = ""
    history: HistoryRule = "all"
    ended_min: float = 5.0
    reader: str = ""
    unread_from: str = ""

    @property
    def is_general(self) -> bool:
        """Whether this is the room that nobody needs to make."""
        return self.kind != "direct" and not self.name

    @property
    def readers(self) -> tuple[str, ...]:
        """Who is in the room at the end, if nobody has left: also those who were taken in later."""
        added = (act.whom for act in self.acts if isinstance(act, Do) and act.what == "add")
        return (*self.members, *added)


def end_ms(scene: Scene, now_ms: int) -> int:
    """When the last thing happens, in ms since 1970, as ``now_ms`` is."""
    return int(now_ms - scene.ended_min * MINUTE_MS)


def begin_ms(scene: Scene, now_ms: int) -> int:
    """When the room is made: a minute before the first thing happens."""
    length_min = sum(act.after for act in scene.acts) + 1
    return int(end_ms(scene, now_ms) - length_min * MINUTE_MS)


def times_ms(acts: Sequence[Act], until_ms: int) -> list[int]:
    """When each of ``acts`` happens (ms since 1970), the last of them at ``until_ms``."""
    found = []
    at_ms = float(until_ms)
    for act in reversed(acts):
        found.append(int(at_ms))
        at_ms -= act.after * MINUTE_MS
    return found[::-1]
