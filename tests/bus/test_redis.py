"""The bus over a real Redis: what crosses, and what each fault costs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

from securechat.bus.codec import Codec
from securechat.bus.redis import MOST_UNANSWERED
from securechat.core.model import MessageId, ReadMark, RoomId, StoredEvent, UserId, digest_of
from securechat.core.ports import (
    News,
    Online,
    Posted,
    Reached,
    ReadTo,
    RoomsChanged,
    SessionEnded,
    TypingIn,
)
from securechat.core.settings import RedisServer
from tests.support.certificates import make_certificates

from .cases import CHAT, KEY, TWISTED, Node, RedisCase, now_ms

GENERAL = RoomId("general")
ADA = UserId("ada")
CHANNEL = f"securechat:v1:{CHAT}"


def reached(first: int, last: int) -> list[News]:
    """That ``general`` has reached each of these numbers."""
    return [Reached(GENERAL, seq) for seq in range(first, last + 1)]


def posted(*places: tuple[str, int]) -> Posted:
    """One batch with events at these places."""
    events = [
        StoredEvent(RoomId(room), seq, MessageId("m"), ADA, *(b"secret text",) * 5)
        for room, seq in places
    ]
    return Posted(tuple(events), {})


class Crossing(RedisCase):
    async def test_news_of_one_daemon_is_heard_at_all_others_in_order(self) -> None:
        ada, eve, lin = await self.nodes(self.over_socket(self.new_server()), 3)
        told: list[News] = [
            *reached(1, 500),
            SessionEnded(digest_of("a token")),
            RoomsChanged(ADA),
            ReadTo(ADA, ReadMark(GENERAL, 7, 3, 1)),
            TypingIn(ADA, GENERAL, 500),
            Online("node", frozenset({ADA, UserId("eve")})),
            Online("node", frozenset()),
        ]
        for news in told:
            ada.bus.publish(news)
            self.assertIs(ada.heard[-1], news)
        await self.until(lambda: len(eve.heard) == len(lin.heard) == len(told))
        self.assertEqual(eve.heard, told)
        self.assertEqual(lin.heard, told)

    async def test_a_batch_crosses_as_one_message_with_the_newest_numbers_and_no_text(self) -> None:
        server = self.new_server()
        ada, eve = await self.nodes(self.over_socket(server), 2)
        batch = posted(("general", 4), ("other", 9), ("general", 5), ("general", 2))
        ada.bus.publish(batch)
        await self.until(lambda: len(eve.heard) == 2)
        self.assertEqual(eve.heard, [Reached(GENERAL, 5), Reached(RoomId("other"), 9)])
        self.assertEqual(ada.heard, [batch])
        self.assertEqual(eve.figure("messages_received_total"), 1)
        self.assertNotIn(b"secret", Codec(lambda: [KEY], "n", now_ms).encode(batch))

    async def test_a_daemon_does_not_hear_itself_twice(self) -> None:
        ada, eve = await self.nodes(self.over_socket(self.new_server()), 2)
        ada.bus.publish(Reached(GENERAL, 1))
        await self.until(lambda: eve.heard and ada.figure("messages_received_total") == 1)
        self.assertEqual(ada.heard, [Reached(GENERAL, 1)])

    async def test_two_chats_share_a_server_and_hear_nothing_of_each_other(self) -> None:
        settings = self.over_socket(self.new_server())
        ada, eve = await self.nodes(settings, 2)
        other = self.node(settings, chat="another-chat")
        await self.until(lambda: other.bus.is_up)
        ada.bus.publish(Reached(GENERAL, 1))
        await self.until(lambda: eve.heard)
        self.assertEqual(other.figure("messages_received_total"), 0)

    async def test_over_tcp_in_another_database_of_the_server(self) -> None:
        settings = RedisServer("localhost", self.new_server().port, number=3)
        ada, eve = await self.nodes(settings, 2)
        ada.bus.publish(RoomsChanged(ADA))
        await self.until(lambda: eve.heard)

    async def test_what_was_published_last_leaves_before_the_end(self) -> None:
        ada, eve = await self.nodes(self.over_socket(self.new_server()), 2)
        for news in reached(1, 300):
            ada.bus.publish(news)
        await ada.bus.stop()
        await self.until(lambda: len(eve.heard) == 300)
        self.assertFalse(ada.bus.is_up)


class Believing(RedisCase):
    async def test_what_is_forged_old_or_nonsense_is_dropped_and_counted(self) -> None:
        server = self.new_server()
        [eve] = await self.nodes(self.over_socket(server), 1)
        honest = Codec(lambda: [KEY], "another", now_ms).encode(Reached(GENERAL, 9))
        other_key = Codec(lambda: [b"x" * 32], "another", now_ms).encode(Reached(GENERAL, 9))
        old = Codec(lambda: [KEY], "another", lambda: now_ms() - 61_000).encode(Reached(GENERAL, 9))
        for message in (
            other_key,
            honest.replace(b":9", b":8"),
            old,
            b"",
            b"hello",
            honest[44:],
            b"\xff" * 500,
        ):
            server.say("PUBLISH", CHANNEL, message)
        server.say("PUBLISH", CHANNEL, honest)
        await self.until(lambda: eve.heard)
        self.assertEqual(eve.heard, [Reached(GENERAL, 9)])
        self.assertEqual(eve.dropped("forged"), 2)
        self.assertEqual(eve.dropped("stale"), 1)
        self.assertEqual(eve.dropped("unreadable"), 4)


class Failing(RedisCase):
    def setUp(self) -> None:
        super().setUp()
        self.told = self.notes()

    async def test_a_server_that_is_away_at_first_is_found_when_it_comes(self) -> None:
        server = self.new_server()
        server.stop()
        ada = self.node(self.over_socket(server))
        ada.bus.publish(Reached(GENERAL, 1))
        self.assertEqual((ada.heard, ada.dropped("away")), ([Reached(GENERAL, 1)], 1))
        await self.until(lambda: self.told)
        server.start()
        await self.until(lambda: ada.bus.is_up)
        self.assertEqual(ada.figure("up"), 1)
        self.assertEqual(self.told[-1], "up")

    async def test_a_killed_server_costs_what_was_said_meanwhile_and_is_told_once(self) -> None:
        server = self.new_server()
        ada, eve = await self.nodes(self.over_socket(server), 2)
        server.kill()
        await self.until(lambda: not ada.bus.is_up and not eve.bus.is_up)
        self.assertEqual(ada.figure("up"), 0)
        for news in reached(1, 50):
            ada.bus.publish(news)
        self.assertEqual(ada.heard, reached(1, 50))
        self.assertEqual(ada.dropped("away"), 50)
        server.start()
        await self.until(lambda: ada.bus.is_up and eve.bus.is_up)
        ada.bus.publish(Reached(GENERAL, 51))
        await self.until(lambda: eve.heard)
        self.assertEqual(eve.heard, [Reached(GENERAL, 51)])
        for _ in range(3):
            told = self.told[:]
            server.kill()
            await self.until(lambda: not ada.bus.is_up and not eve.bus.is_up)
            server.start()
            await self.until(lambda: ada.bus.is_up and eve.bus.is_up)
            self.assertLessEqual(len(self.told) - len(told), 6, self.told)

    async def test_a_server_that_hangs_is_left_and_never_waited_for(self) -> None:
        server = self.new_server()
        ada, eve = await self.nodes(self.over_socket(server), 2)
        server.pause()
        self.addCleanup(server.resume)
        for news in reached(1, MOST_UNANSWERED + 10):
            ada.bus.publish(news)
        self.assertEqual(ada.dropped("busy"), 10)
        self.assertEqual(len(ada.heard), MOST_UNANSWERED + 10)
        await self.until(lambda: not ada.bus.is_up and not eve.bus.is_up)
        self.assertIn("no answer within 3 s", self.told)
        server.resume()
        await self.until(lambda: ada.bus.is_up and eve.bus.is_up)
        eve.bus.publish(RoomsChanged(ADA))
        await self.until(lambda: RoomsChanged(ADA) in ada.heard)

    async def test_the_end_does_not_wait_for_a_server_that_hangs(self) -> None:
        server = self.new_server()
        ada, eve = await self.nodes(self.over_socket(server), 2)
        away = self.node(RedisServer("localhost", 1))
        server.pause()
        self.addCleanup(server.resume)
        eve.bus.publish(RoomsChanged(ADA))
        ended = [Deferred.fromCoroutine(one.bus.stop()) for one in (ada, eve, away)]
        self.assertLess(await self.until(lambda: all(one.called for one in ended)), 6)

    async def test_something_that_is_no_redis_is_told_and_tried_again(self) -> None:
        class Web(Protocol):
            def dataReceived(self, data: bytes) -> None:
                assert self.transport is not None
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        port = TWISTED.listenTCP(0, Factory.forProtocol(Web), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        ada = self.node(RedisServer("127.0.0.1", port.getHost().port))
        await self.until(lambda: self.told)
        self.assertIn("does not speak Redis", self.told[0])
        await deferLater(TWISTED, 0.5)
        self.assertFalse(ada.bus.is_up)


class Admitted(RedisCase):
    """Passwords and certificates."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).resolve()
        self.folder.mkdir(parents=True)
        self.password = self.folder / "password"
        self.write("a long secret\nand more lines")
        self.told = self.notes(ups=False)

    def write(self, text: str, mode: int = 0o600) -> None:
        """Put this into the password file."""
        self.password.write_text(text)
        self.password.chmod(mode)

    async def refused(self, node: Node, pattern: str) -> None:
        """Wait until the log says so, and see that the node goes on trying."""
        await self.until(lambda: self.told)
        self.assertRegex(self.told[0], pattern)
        await deferLater(TWISTED, 0.3)
        self.assertFalse(node.bus.is_up)

    async def test_a_password_is_given_and_a_corrected_one_needs_no_restart(self) -> None:
        server = self.new_server("--requirepass", "a long secret")
        settings = self.over_socket(server, password_file=self.password)
        await self.nodes(settings, 2)
        self.write("wrong")
        ada = self.node(settings)
        await self.refused(ada, "(?i)invalid username-password|WRONGPASS")
        self.assertNotIn("wrong", " ".join(self.told).replace("WRONGPASS", ""))
        self.write("a long secret")
        await self.until(lambda: ada.bus.is_up)

    async def test_without_the_password_nothing_is_heard(self) -> None:
        server = self.new_server("--requirepass", "a long secret")
        await self.refused(self.node(self.over_socket(server)), "NOAUTH|Authentication required")

    async def test_a_user_with_the_rights_that_the_handbook_names_is_enough(self) -> None:
        server = self.new_server()
        handbook = Path(__file__).parents[2] / "docs" / "operations.md"
        found = re.search(r"ACL SETUSER securechat (.+)", handbook.read_text(encoding="utf-8"))
        assert found
        rules = found[1].replace("<a long random password>", "a-secret").split()
        self.assertTrue(server.say("ACL", "SETUSER", "securechat", *rules).startswith(b"+OK"))
        server.say("ACL", "SETUSER", "default", "off")
        self.write("a-secret")
        settings = self.over_socket(server, user="securechat", password_file=self.password)
        ada, eve = await self.nodes(settings, 2)
        ada.bus.publish(RoomsChanged(ADA))
        await self.until(lambda: eve.heard)

    async def test_a_password_file_that_others_may_read_is_not_used(self) -> None:
        server = self.new_server("--requirepass", "a long secret")
        self.write("a long secret", 0o644)
        node = self.node(self.over_socket(server, password_file=self.password))
        await self.refused(node, "chmod 600")

    async def test_tls_with_the_right_authority_carries_news(self) -> None:
        certificates = make_certificates(self.folder)
        server = self.new_server(certificates=certificates)
        for host in ("localhost", "127.0.0.1"):
            settings = RedisServer(host, server.port, over_tls=True, ca=certificates.authority)
            ada, eve = await self.nodes(settings, 2)
            ada.bus.publish(RoomsChanged(ADA))
            await self.until(lambda eve=eve: eve.heard)  # type: ignore[misc]

    async def test_an_authority_that_nobody_trusts_is_refused(self) -> None:
        server = self.new_server(certificates=make_certificates(self.folder))
        settings = RedisServer("localhost", server.port, over_tls=True)
        await self.refused(self.node(settings), "certificate")
        stranger = self.folder / "stranger"
        stranger.mkdir()
        self.told.clear()
        ca = make_certificates(stranger).authority
        await self.refused(self.node(replace(settings, ca=ca)), "certificate")

    async def test_a_certificate_for_another_host_is_refused_before_the_password_is_sent(
        self,
    ) -> None:
        certificates = make_certificates(self.folder, (x509.DNSName("redis.example.org"),))
        server = self.new_server(certificates=certificates)
        settings = RedisServer(
            "localhost",
            server.port,
            over_tls=True,
            ca=certificates.authority,
            password_file=self.password,
        )
        await self.refused(self.node(settings), "localhost|[Mm]ismatch|verif")
        self.assertNotIn(b"cmdstat_auth", server.say("INFO", "commandstats"))
