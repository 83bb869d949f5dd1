"""What somebody's client hears of a room, over all its connections: contiguous, each once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from securechat.core.encoding import from_b64url


class Stream:
    """The numbers that came with their ids; told of everything in the order it came."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.heard: dict[int, str] = {}
        self.gaps: list[tuple[int, int]] = []
        """What the server said that it leaves out; the client pages."""
        self.newest = 0
        """Everything up to here is heard, or in an announced gap."""
        self.faults: list[str] = []
        self._due: int | None = None

    def resume(self) -> None:
        """A new subscription has begun, with ``since`` = ``newest``."""
        self._due = self.newest + 1

    def hear(self, frame: Mapping[str, Any]) -> None:
        """Take an ``event`` or ``gap`` frame."""
        first = frame["seq"] if frame["type"] == "event" else frame["from"]
        if first != self._due:
            kind = "doubled" if self._due is not None and first < self._due else "gap"
            self.faults.append(f"{kind}: {self.name} heard {first} where {self._due} was due")
        if frame["type"] == "gap":
            self.gaps.append((first, frame["to"]))
            self.newest = frame["to"]
        else:
            self.heard[first] = mid_of(frame["envelope"])
            self.newest = first
        self._due = self.newest + 1

    def against(self, history: Mapping[int, str]) -> list[str]:
        """Its faults, where ``history`` gives the id of each number that there is."""
        found = list(self.faults)
        for seq, mid in self.heard.items():
            if seq not in history:
                found.append(f"lost: {self.name} heard {seq}, which is not in history")
            elif history[seq] != mid:
                found.append(f"lost: {self.name} heard {mid} as {seq}, history has {history[seq]}")
        if self.newest != max(history, default=0):
            end = max(history, default=0)
            found.append(f"gap: {self.name} heard up to {self.newest} of {end}")
        return found


def mid_of(envelope: Mapping[str, str]) -> str:
    """The client id in an envelope's header; empty where the row is gone."""
    if not envelope["protected"]:
        return ""
    mid: str = json.loads(from_b64url(envelope["protected"]))["mid"]
    return mid
