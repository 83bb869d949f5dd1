"""One message on its way through a server, to see how large it arrives."""

from __future__ import annotations

import socket

from tests.support.frames import END_OF_HEAD, frame_size

from .load import ID_BYTES, Plan

WITHIN_S = 10.0


def delivery(plan: Plan) -> bytes:
    """The frame in which the first connection gets its own message, head and all.

    ``plan`` speaks WebSocket without TLS. Raises TimeoutError or ConnectionError.
    """
    with socket.create_connection(("127.0.0.1", plan.port), WITHIN_S) as line:
        came = b""
        for send, wait in plan.steps:
            line.sendall(filled(plan, send))
            came = _until(line, came, wait)
        line.sendall(filled(plan, plan.message))
        while True:
            frame = _frame_with(plan.marker, came)
            if frame is not None:
                return frame
            came += _more(line)


def filled(plan: Plan, template: bytes) -> bytes:
    """What the load generator makes of it for the first connection."""
    words = plan.values[0].split() if plan.values else []
    for number, word in enumerate(words, 1):
        template = template.replace(b"$$%d$$" % number, word.encode())
    return template.replace(b"$$ID$$", b"A" * ID_BYTES)


def _until(line: socket.socket, came: bytes, wait: bytes) -> bytes:
    while wait not in came:
        came += _more(line)
    return came


def _more(line: socket.socket) -> bytes:
    chunk = line.recv(1 << 16)
    if not chunk:
        raise ConnectionError("the server hung up")
    return chunk


def _frame_with(marker: bytes, came: bytes) -> bytes | None:
    """The first whole frame behind the handshake's answer that holds ``marker``."""
    rest = came.partition(END_OF_HEAD)[2]
    while (size := frame_size(rest)) is not None:
        if marker in rest[:size]:
            return rest[:size]
        rest = rest[size:]
    return None
