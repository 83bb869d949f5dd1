"""Whole conversations with every call to the store going wrong once, in every way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import TestCase

from securechat.bus.local import LocalBus
from securechat.chat.journal import Journal
from securechat.chat.rooms import RoomReader
from securechat.core.conversation import Pace
from securechat.core.encoding import b64url
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, SessionDigest, User, Visitor
from securechat.core.settings import Limits
from securechat.metrics import Metrics
from securechat.sockets.factory import ChatFactory
from securechat.sockets.protocol import ChatProtocol
from tests.support.frames import frame_size
from tests.support.streams import Stream
from tests.unit.memory import MemoryStore, person
from tests.unit.stumbling import STUMBLES, Stumble, Stumbling, broken

ADA, EVE = person("ada"), person("eve")
ANSWERED_WITHIN_S = 10.0
"""A command may wait for the posts before it, and then for the store: 5 s each."""
MOST_CALLS = 200
MOST_TRIES = 4

Frame = dict[str, Any]


class Transport(StringTransport):
    """A socket that is never slow."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abortConnection(self) -> None:
        self.aborted = True

    def unregisterProducer(self) -> None:
        """Also where none is registered, as the socket does behind the page's channel."""
        self.producer = None


class Connection(ChatProtocol):
    """A connection past its handshake."""

    closed_with: int | None = None

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        self.closed_with = code


class Peer:
    """Somebody at the other end: says frames, reads frames, and says again what was not served."""

    def __init__(self, user: User, run: Run) -> None:
        self.clock = run.clock
        self.stream = Stream(user.username)
        self.transport = Transport()
        visitor = Visitor(user, SessionDigest(user.id.encode().ljust(32)), 10**15, "127.0.0.1")
        self.connection = Connection(visitor)
        self.connection.factory = run.factory
        self.connection.transport = self.transport
        self.connection.onOpen()
        self.frames: list[Frame] = []
        self.asking: list[str] = []

    def say(self, frame: Frame) -> None:
        """One frame arrives."""
        self.connection.onMessage(json.dumps(frame).encode(), False)

    def read(self) -> list[Frame]:
        """All frames that have come by now."""
        data = self.transport.value()
        while (size := frame_size(data)) is not None:
            start = {126: 4, 127: 10}.get(data[1], 2)
            self._take(json.loads(data[start:size]))
            data = data[size:]
        self.transport.clear()
        return self.frames

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame["type"] == "subscribed":
            self.stream.resume()
        elif frame["type"] in ("event", "gap"):
            self.stream.hear(frame)

    def ask(self, frame: Frame, is_answer: Callable[[Frame], bool]) -> Frame:
        """Say it until it is served; every saying has an answer in time. The last answer."""
        for _ in range(MOST_TRIES):
            if frame["type"] == "subscribe":
                frame["since"] = self.stream.newest
            start = len(self.read())
            self.say(frame)
            self.asking.append(frame["type"])
            answers: list[Frame] = []
            deadline_s = self.clock.seconds() + ANSWERED_WITHIN_S
            while not answers and self.clock.seconds() < deadline_s:
                self.pump(0.25)
                answers = [one for one in self.read()[start:] if is_answer(one)]
            most = 2 if frame["type"] == "subscribe" else 1
            assert 1 <= len(answers) <= most, f"{frame} was answered {answers}"
            if frame["type"] == "subscribe":
                # The replay may still fail, which is told under the same id.
                self.pump(5)
                answers = [one for one in self.read()[start:] if is_answer(one)]
            if answers[-1]["type"] != "error":
                return answers[-1]
        raise AssertionError(f"{frame} is never served: {answers}")

    def assert_answered_once(self) -> None:
        """Nothing was answered again later."""
        told = [one for one in self.read() if one["type"] in ("posted", "history", "people")]
        refused = [
            one
            for one in self.read()
            if one["type"] == "error" and one["id"] not in (None, "s", "t")
        ]
        asked = [one for one in self.asking if one not in ("subscribe", "hello")]
        assert len(told) + len(refused) == len(asked), f"{asked} was answered {told + refused}"

    def asked(self, **frame: Any) -> Frame:
        """Ask with an id."""
        return self.ask(frame, lambda answer: answer.get("id") == frame["id"])

    def hello(self) -> Frame:
        """Agree on the channel key; the answer carries no id."""
        point = generate_private_key(SECP256R1()).public_key()
        key = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        frame = {"type": "hello", "version": 1, "key": b64url(key), "nonce": b64url(os.urandom(32))}
        return self.ask(frame, lambda answer: answer["type"] in ("welcome", "error"))

    def pump(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.pump([0.25] * int(seconds * 4))


class Run:
    """Ada and Eve connect, subscribe, post, resend, read."""

    def __init__(self, failing: int, stumble: Stumble) -> None:
        self.clock = Clock()
        self.memory = MemoryStore(
            members={(GENERAL, ADA.id), (GENERAL, EVE.id)},
            users={ADA.id: (ADA, b""), EVE.id: (EVE, b"")},  # type: ignore[dict-item]
        )
        self.store = Stumbling(self.memory, self.clock, failing, stumble)
        ports: Any = self.store
        room_keys = RoomKeys(RootKeys("db", {1: os.urandom(32)}))
        bus = LocalBus()
        metrics = Metrics()
        wall_clock: Callable[[], int] = lambda: round(self.clock.seconds() * 1000)  # noqa: E731 - short
        unused: Any = None
        self.journal = Journal(
            events=ports,
            room_keys=room_keys,
            bus=bus,
            clock=self.clock,
            wall_clock=wall_clock,
            most_waiting=300,
            metrics=metrics,
        )
        self.factory = ChatFactory(
            journal=self.journal,
            room_changes=unused,
            erasure=unused,
            signals=unused,
            room_reader=RoomReader(ports, ports, ports),
            room_keys=room_keys,
            pace=Pace(Limits()),
            reactor=self.clock,
            wall_clock=wall_clock,
            metrics=metrics,
            publish=bus.publish,
            gone=lambda visitor: None,
            assets="assets",
        )
        bus.listen(self.factory.hear)
        self.peers: list[Peer] = []

    def play(self) -> None:
        """The whole conversation; then everybody leaves."""
        for user in (ADA, EVE):
            self.peers.append(Peer(user, self))
            self.peers[-1].hello()
            self.peers[-1].asked(type="subscribe", id="s", room=GENERAL)
        ada, eve = self.peers
        for number, (peer, mid) in enumerate([(ada, 1), (ada, 2), (eve, 3), (ada, 1), (eve, 4)]):
            posted = peer.asked(type="post", id=f"{mid:022}", room=GENERAL, body=f"post {mid}")
            assert posted["seq"] == mid, (number, posted)
        events = ada.asked(type="history", id="h", room=GENERAL, before=2**53 - 1, limit=50)
        assert [one["seq"] for one in events["events"]] == [1, 2, 3, 4]
        eve.asked(type="people", id="p", ids=[ADA.id])
        eve.asked(type="subscribe", id="t", room=GENERAL)
        eve.pump(20)
        for peer in self.peers:
            peer.read()
            peer.connection.onClose(True, 1000, None)
        eve.pump(60)


class EveryCallFails(TestCase):
    def check(self, run: Run) -> None:
        """Everybody heard everything once and in order; nobody was thrown out; nothing is left."""
        history = {event.seq: event.mid for event in run.memory.events[GENERAL]}
        self.assertEqual(history, {seq: f"{seq:022}" for seq in range(1, 5)})
        for peer in run.peers:
            peer.assert_answered_once()
            self.assertEqual(peer.stream.against(history), [])
            self.assertIsNone(peer.connection.closed_with)
            self.assertFalse(peer.transport.aborted)
        self.assertEqual(run.clock.getDelayedCalls(), [])

    def fail_each(self, stumble: Stumble) -> int:
        """Run with call 1, 2, 3 … going wrong until a run has no such call; how many runs."""
        for failing in range(1, MOST_CALLS):
            run = Run(failing, stumble)
            try:
                run.play()
                self.check(run)
            except AssertionError as error:
                where = f"{stumble.__name__}: call {failing}, {run.store.calls[failing - 1 :][:1]}"
                raise AssertionError(f"{where}: {error}") from error
            finally:
                logged = self.flushLoggedErrors(RuntimeError)
            if run.store.stumbled is None:
                return failing
            self.assertEqual(bool(logged), stumble is broken)
        raise AssertionError("this has no end")

    def test_every_command_is_answered_and_all_is_heard_once_whichever_call_goes_wrong(
        self,
    ) -> None:
        for stumble in STUMBLES:
            if stumble is not broken:
                self.assertGreater(self.fail_each(stumble), 10, stumble.__name__)
