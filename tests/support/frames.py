"""WebSocket frames in a stream of bytes, and the rule of the proxy that loses some of them."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from .proxy import Link, Rule, Way

END_OF_HEAD = b"\r\n\r\n"


class FrameFilter:
    """Passes a server's bytes on but for whole frames that ``is_lost``; the HTTP head stays."""

    def __init__(self, is_lost: Callable[[bytes], bool]) -> None:
        self._is_lost = is_lost
        self._buffer = b""
        self._in_frames = False

    def feed(self, data: bytes) -> bytes:
        """What may pass by now; a frame passes when it is whole."""
        self._buffer += data
        passed = b"" if self._in_frames else self._head()
        while self._in_frames and (size := frame_size(self._buffer)) is not None:
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if not self._is_lost(frame):
                passed += frame
        return passed

    def _head(self) -> bytes:
        head, end, rest = self._buffer.partition(END_OF_HEAD)
        if not end:
            return b""
        self._in_frames, self._buffer = True, rest
        return head + end


def frame_size(data: bytes) -> int | None:
    """The size of the unmasked frame that ``data`` begins with (RFC 6455 section 5.2), if whole."""
    if len(data) < 2:
        return None
    length, start = data[1] & 0x7F, 2
    if length > 125:
        start = 4 if length == 126 else 10
        length = int.from_bytes(data[2:start], "big")
    return start + length if len(data) >= start + length and len(data) >= start else None


def losing(is_lost: Callable[[bytes], bool]) -> Rule:
    """A rule that loses the server's frames that ``is_lost``, on every link made from now on."""
    filters: WeakKeyDictionary[Link, FrameFilter] = WeakKeyDictionary()

    def rule(link: Link, way: Way, data: bytes) -> bytes | None:
        if way is Way.UP:
            return data
        if link not in filters:
            filters[link] = FrameFilter(is_lost)
        return filters[link].feed(data)

    return rule
