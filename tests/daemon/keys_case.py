"""People who chat while root keys change, and the commands that change them."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path

from twisted.internet.defer import Deferred

from securechat import keyfile
from securechat.core.encoding import b64url
from tests.faults.client import Client, Visitor
from tests.support.daemon import DaemonProcess
from tests.support.senders import faults, history

from .several import SteadyClient
from .test_administration import CommandLineCase

READ = "the keyring was read again"


def keyring_of(daemon: DaemonProcess) -> Path:
    """The daemon's own keyring file."""
    return daemon.data_dir / "keyring.json"


class KeysCase(CommandLineCase):
    async def keys(self, daemon: DaemonProcess, *words: str) -> str:
        """What the command says, in which there is never a key."""
        told = await self.done(daemon, "keys", *words)
        for key in keyfile.read(keyring_of(daemon)).keys.values():
            for shown in (b64url(key), key.hex(), repr(key)[2:-1]):
                self.assertNotIn(shown, told)
        return told

    async def hang_up(self, *daemons: DaemonProcess, told: str = READ) -> None:
        """SIGHUP, and until the log says what came of it."""
        goals = [(daemon, daemon.log().count(told) + 1) for daemon in daemons]
        for daemon in daemons:
            os.kill(daemon.pid, signal.SIGHUP)
        await self.until(lambda: all(one.log().count(told) >= goal for one, goal in goals))

    async def newcomer(self, daemon: DaemonProcess, name: str) -> Visitor:
        visitor = Visitor(daemon.url, name)
        self.addCleanup(lambda: Deferred.fromCoroutine(visitor.leave()))
        self.assertEqual(await visitor.register(), 303)
        return visitor

    async def chatting(self, visitors: Sequence[Visitor]) -> list[Client]:
        """They post and listen from now on."""
        clients = [SteadyClient(one, random.Random(n)) for n, one in enumerate(visitors)]
        for client in clients:
            self.addCleanup(self.end, client)
            client.start()
        await self.more(clients)
        return list(clients)

    def end(self, client: Client) -> Deferred[None]:
        return Deferred.fromCoroutine(client.stop())

    async def more(self, clients: Sequence[Client], posts: int = 15) -> None:
        """Until each has so many posts more acknowledged."""
        goals = [(client, client.acknowledged + posts) for client in clients]
        await self.until(lambda: all(one.acknowledged >= goal for one, goal in goals), 60)

    async def hold_against_history(self, clients: Sequence[Client]) -> None:
        """Nobody was disconnected, told to wait, or lost anything; everything opens."""
        for client in clients:
            client.posting = False
        await self.until(lambda: all(client.is_settled for client in clients), 60)
        entries = await history(await clients[0].person.chat())
        newest = entries[-1].seq
        await self.until(lambda: all(one.sender.stream.newest == newest for one in clients))
        for client in clients:
            self.assertEqual((client.reconnects, client.refusals), (0, 0))
            await client.stop()
        own = {client.sender.user for client in clients}
        self.assertEqual(
            faults(entries, [client.sender for client in clients]),
            [f"stranger: {one} is nobody's" for one in entries if one.author not in own],
        )

    async def log_in_again(self, visitors: Sequence[Visitor]) -> None:
        """Everybody's password takes the newest pepper."""
        for visitor in visitors:
            again = self.stranger_like(visitor)
            self.assertEqual(await again.log_in(), 303)

    def stranger_like(self, visitor: Visitor) -> Visitor:
        again = Visitor(visitor.url, visitor.username)
        self.addCleanup(lambda: Deferred.fromCoroutine(again.leave()))
        return again
