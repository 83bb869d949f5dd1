"""Autobahn as most people use it: a broadcaster on Twisted, which neither seals nor stores."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .base import Peer, Place


class Autobahn(Peer):
    """``sendMessage`` to each; what all others are compared with."""

    name = "autobahn"
    speaks_tls = True
    kind = "each"

    def command(self, place: Place, port: int) -> Sequence[str]:
        words = [sys.executable, "-m", __name__, self.kind, str(port)]
        if place.certificates is not None:
            words += [str(place.certificates.chain), str(place.certificates.key)]
        return words


class Prepared(Autobahn):
    """``prepareMessage`` once, ``sendPreparedMessage`` to each."""

    name = "autobahn-prepared"
    kind = "prepared"


def serve(kind: str, port: str, *tls: str) -> None:
    """Be the server."""
    from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from twisted.internet import epollreactor

    epollreactor.install()
    from twisted.internet import reactor as installed
    from twisted.internet.ssl import DefaultOpenSSLContextFactory

    rooms: dict[bytes, set[Any]] = {}

    class Broadcaster(WebSocketServerProtocol):
        room: set[Any] | None = None

        def onMessage(self, payload: bytes, isBinary: bool) -> None:
            if self.room is None:
                self.room = rooms.setdefault(payload, set())
                self.room.add(self)
                self.sendMessage(b"joined")  # type: ignore[no-untyped-call]  # lacks types
            elif kind == "prepared":
                prepared = self.factory.prepareMessage(payload)
                for one in self.room:
                    one.sendPreparedMessage(prepared)
            else:
                for one in self.room:
                    one.sendMessage(payload)

        def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
            if self.room is not None:
                self.room.discard(self)

    reactor: Any = installed
    factory = WebSocketServerFactory()
    factory.protocol = Broadcaster
    if tls:
        chain, key = tls
        context = DefaultOpenSSLContextFactory(key, chain)
        reactor.listenSSL(int(port), factory, context, 4096, "127.0.0.1")
    else:
        reactor.listenTCP(int(port), factory, 4096, "127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
