"""One connection: what it does no more once it has ended, and whose share its posts take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from securechat.core import commands as c
from securechat.core.errors import Close
from securechat.core.model import GENERAL, Changed, Draft, Outcome, UserId
from securechat.core.ports import Sealer
from tests.unit.stumbling import away
from tests.unit.test_conversation_faults import ADA, Peer, Run

POST = {"type": "post", "id": "A" * 22, "room": GENERAL, "body": "hi"}


class ProtocolCase(TestCase):
    def setUp(self) -> None:
        self.run_ = Run(0, away)
        self.run_.factory.room_changes = self  # type: ignore[assignment]
        self.changes: list[c.Change] = []
        self.peer = Peer(ADA, self.run_)
        self.peer.hello()

    def change(self, actor: UserId, command: c.Change) -> Deferred[Changed]:
        self.changes.append(command)
        return Deferred()


class Ending(ProtocolCase):
    def test_what_waited_for_posts_is_not_done_once_the_session_has_ended(self) -> None:
        gate: Deferred[None] = Deferred()
        append = self.run_.memory.append

        async def held(drafts: Sequence[Draft], sealer: Sealer) -> list[Outcome]:
            await gate
            return await append(drafts, sealer)

        self.patch(self.run_.memory, "append", held)
        self.peer.say(POST)
        self.peer.pump(0.25)
        self.peer.say({"type": "leave_room", "id": "l", "room": GENERAL})
        self.peer.connection.end(Close.SESSION_ENDED)
        gate.callback(None)
        self.peer.pump(1)
        self.assertEqual(self.changes, [])


class Shares(ProtocolCase):
    def setUp(self) -> None:
        super().setUp()
        self.charged: list[Any] = []
        self.patch(self.run_.factory.pace, "charge_room", self.charge)

    def charge(self, room: object, now_s: float) -> None:
        self.charged.append(room)

    def post(self, number: int) -> None:
        self.peer.asked(**POST | {"id": f"{number:022}"})

    def test_a_post_without_a_subscription_is_charged_when_it_is_stored(self) -> None:
        conversation = self.peer.connection.conversation
        self.post(1)
        self.assertEqual(self.charged, [GENERAL])
        self.assertTrue(conversation.is_in(GENERAL))
        self.post(2)
        self.assertEqual(self.charged, [GENERAL])

    def test_a_resend_is_not_charged_again(self) -> None:
        self.post(1)
        self.peer.connection.conversation.left(GENERAL)
        self.post(1)
        self.assertEqual(self.charged, [GENERAL])

    def test_unsubscribing_is_no_way_out(self) -> None:
        self.peer.asked(type="subscribe", id="s", room=GENERAL)
        self.peer.say({"type": "unsubscribe", "room": GENERAL})
        self.peer.pump(1)
        self.assertTrue(self.peer.connection.conversation.is_in(GENERAL))
        self.post(1)
        self.assertEqual(self.charged, [])

    def test_who_is_no_member_takes_nobodys_share(self) -> None:
        self.run_.memory.members.clear()
        self.peer.say(POST)
        self.peer.pump(1)
        self.assertEqual(self.peer.read()[-1]["code"], "not_a_member")
        self.assertEqual(self.charged, [])
