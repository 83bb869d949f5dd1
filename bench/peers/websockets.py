"""The package websockets on asyncio, with its ``broadcast``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from .base import Peer, Place


class Websockets(Peer):
    """One frame, written to every transport."""

    name = "websockets"

    def command(self, place: Place, port: int) -> Sequence[str]:
        return [sys.executable, "-m", __name__, str(port)]


async def serve(port: int) -> None:
    """Be the server."""
    from websockets.asyncio.server import ServerConnection, broadcast
    from websockets.asyncio.server import serve as serving

    rooms: dict[str | bytes, set[ServerConnection]] = {}

    async def one(connection: ServerConnection) -> None:
        room = rooms.setdefault(await connection.recv(), set())
        room.add(connection)
        await connection.send("joined")
        try:
            async for message in connection:
                broadcast(room, message)
        finally:
            room.discard(connection)

    async with serving(
        one, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096
    ) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
