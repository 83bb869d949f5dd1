"""Several daemons, one chat: over a real MariaDB, a real Redis and what may happen to it."""

from __future__ import annotations

import re
import statistics
import time
import urllib.request
from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest

from tests.support.certificates import make_certificates
from tests.support.client import Frame, Socket, new_id
from tests.support.daemon import DaemonProcess, free_port
from tests.support.front import Front, Kind, missing

from .cases import ProcessCase
from .several import SecureVisitor, SeveralCase, SteadyClient

SOON_S = 0.9
"""News over a living bus takes milliseconds; the heartbeat, which would bring it too, 2 s."""

PUT_BACK_S = 40.0
"""A proxy's own checks take two seconds, or five, until it uses a daemon again."""

MOST_RECONNECTS = 12
"""Of one person, over four restarts: each ends its sockets once, the rest is chance."""

BY_HEARTBEAT_S = 15.0
"""Without the bus it takes 2 s or so; the machine may be busy."""


class Talking(SeveralCase):
    async def test_a_message_posted_at_one_daemon_is_live_at_all_at_once(self) -> None:
        self.start(3)
        people = [await self.visitor(name, at) for at, name in enumerate(("ada", "eve", "lin"))]
        sockets = [await person.chat() for person in people]
        for socket in sockets:
            await socket.subscribe()
        waits_s = []
        for seq in range(1, 31):
            began_s = time.monotonic()
            answer = await sockets[seq % 3].post(f"message {seq}")
            self.assertEqual(answer["seq"], seq)
            bodies = [await socket.read(seq) for socket in sockets]
            waits_s.append(time.monotonic() - began_s)
            self.assertEqual(bodies, [f"message {seq}"] * 3)
        self.assertLess(statistics.median(waits_s), SOON_S / 3)
        for socket in sockets:
            self.assertEqual(socket.events(), list(range(1, 31)))

    async def test_people_who_post_at_all_daemons_at_once_see_one_history(self) -> None:
        self.start(3)
        people = [await self.visitor(f"person{at}", at % 3) for at in range(6)]
        clients = self.clients(people)
        await self.until_more(clients, 150)
        self.assertGreater(await self.settle(clients, people[0]), 900)

    async def test_a_post_sent_again_at_another_daemon_has_its_number_already(self) -> None:
        self.start(2)
        ada = await self.visitor("ada", 0)
        first = await (await ada.chat()).post("once", mid=(mid := new_id()))
        self.move(ada, 1)
        there = await ada.chat()
        again = await there.post("once", mid=mid)
        self.assertEqual((again["seq"], again["duplicate"]), (first["seq"], True))
        other = await (await ada.chat()).post("something else", mid=mid)
        self.assertEqual((other["type"], other["retry"]), ("error", False))

    async def test_one_post_sent_at_two_daemons_at_once_is_stored_once(self) -> None:
        self.start(2)
        ada = await self.visitor("ada", 0)
        here = await ada.chat()
        self.move(ada, 1)
        there = await ada.chat()
        for number in range(1, 41):
            mid = new_id()
            both = [ensureDeferred(one.post("once", mid=mid)) for one in (here, there)]
            answers = [answer for _, answer in await DeferredList(both)]
            told = sorted((answer["seq"], answer["duplicate"]) for answer in answers)
            self.assertEqual(told, [(number, False), (number, True)])


class Leaving(SeveralCase):
    """Sessions that end at one daemon end at all."""

    async def log_out_elsewhere(self, within_s: float) -> None:
        """Somebody with a socket at each daemon logs out at the first."""
        ada = await self.visitor("ada", 0)
        sockets = []
        for at in range(2):
            self.move(ada, at)
            sockets.append(await ada.chat())
        began_s = time.monotonic()
        await ada.submit("/logout", page="/")
        for socket in sockets:
            self.assertEqual(await socket.closed, 4401)
        self.assertLess(time.monotonic() - began_s, within_s)

    async def test_logging_out_at_one_closes_the_sockets_at_all_within_a_second(self) -> None:
        self.start(2)
        await self.log_out_elsewhere(SOON_S)

    async def test_disabling_somebody_closes_them_at_all_within_a_second(self) -> None:
        await self.close_by("disable")

    async def test_so_does_taking_away_second_factors(self) -> None:
        await self.close_by("remove-factors")

    async def close_by(self, command: str) -> None:
        self.start(2)
        ada = await self.visitor("ada", 0)
        sockets = []
        for at in range(2):
            self.move(ada, at)
            sockets.append(await ada.chat())
        ended = await deferToThread(self.daemons[0].administer, "admin", command, "ada")
        told_s = time.monotonic()
        self.assertEqual(ended.returncode, 0, ended.stderr)
        for socket in sockets:
            self.assertEqual(await socket.closed, 4401)
        self.assertLess(time.monotonic() - told_s, SOON_S)

    async def test_without_the_bus_the_heartbeat_closes_them(self) -> None:
        self.start(2)
        self.redis.kill()
        await self.log_out_elsewhere(BY_HEARTBEAT_S)


class Rooms(SeveralCase):
    """What people do to rooms at one daemon holds at all."""

    async def two(self) -> tuple[Socket, Socket]:
        """Ada at one daemon and Eve at another."""
        self.start(2)
        ada = await (await self.visitor("ada", 0)).chat()
        return ada, await (await self.visitor("eve", 1)).chat()

    async def private_room(self, ada: Socket, eve: Socket) -> str:
        """A room of Ada's that Eve has been taken into, and listens to."""
        done = await ada.ask(
            {"type": "create_room", "id": new_id(), "kind": "private", "name": "Board"}
        )
        room: str = done["room"]["id"]
        await ada.subscribe(room)
        await self.do(ada, "invite", room, user=eve.welcome["user"]["id"])
        shown = await eve.wait_for(lambda f: f["type"] == "room" and f["room"]["id"] == room)
        self.assertEqual(shown["room"]["name"], "Board")
        await eve.subscribe(room)
        return room

    async def do(self, socket: Socket, command: str, room: str, **fields: object) -> Frame:
        """A command that is carried out."""
        done = await socket.ask({"type": command, "id": new_id(), "room": room, **fields})
        self.assertEqual(done["type"], "done", done)
        return done

    async def removal(self, ada: Socket, eve: Socket, room: str) -> float:
        """Ada kicks Eve and goes on; nothing of that reaches Eve. Seconds until Eve was told."""
        seq = (await ada.post("for both", room))["seq"]
        self.assertEqual(await eve.read(seq, room), "for both")
        await self.do(ada, "kick", room, user=eve.welcome["user"]["id"])
        began_s = time.monotonic()
        for number in range(5):
            await ada.post(f"without Eve {number}", room)
        await eve.wait_for(lambda f: f["type"] == "removed" and f["room"] == room)
        took_s = time.monotonic() - began_s
        await ada.post("and later still", room)
        await deferLater(reactor, 3)
        heard = [f["seq"] for f in eve.frames if f["type"] == "event" and f["room"] == room]
        self.assertEqual(heard[-1], seq)
        kids = {f["kid"] for f in eve.frames if f["type"] == "key" and f["room"] == room}
        self.assertLessEqual(kids, {f"{room}.1"})
        answer = await eve.ask({"type": "subscribe", "id": new_id(), "room": room})
        self.assertEqual(answer["code"], "not_a_member")
        return took_s

    async def test_who_is_taken_in_or_removed_at_one_daemon_knows_it_at_another(self) -> None:
        ada, eve = await self.two()
        room = await self.private_room(ada, eve)
        self.assertLess(await self.removal(ada, eve, room), SOON_S * 2)

    async def test_without_the_bus_a_removed_person_hears_nothing_more_either(self) -> None:
        ada, eve = await self.two()
        room = await self.private_room(ada, eve)
        self.redis.kill()
        self.assertLess(await self.removal(ada, eve, room), BY_HEARTBEAT_S)

    async def test_typing_at_one_daemon_is_seen_at_another(self) -> None:
        ada, eve = await self.two()
        for socket in (ada, eve):
            await socket.subscribe()
        seen = await ada.types_to(eve)
        self.assertEqual(seen["user"], ada.welcome["user"]["id"])
        self.assertNotIn("typing", ada.types())

    async def test_what_is_read_at_one_daemon_is_read_at_all(self) -> None:
        self.start(2)
        eve = await (await self.visitor("eve", 0)).chat()
        visitor = await self.visitor("ada", 0)
        here = await visitor.chat()
        self.move(visitor, 1)
        there = await visitor.chat()
        for number in range(3):
            await eve.post(f"unread {number}")
        here.tell({"type": "read", "room": "general", "seq": 2})
        for socket in (here, there):
            mark = await socket.wait_for(lambda f: f["type"] == "read" and f["seq"] == 2)
            self.assertEqual((mark["room"], mark["unread"]), ("general", 1))

    async def test_who_is_online_at_one_daemon_is_shown_at_another_until_it_dies(self) -> None:
        ada, eve = await self.two()
        await eve.subscribe()
        mine, hers = eve.welcome["user"]["id"], ada.welcome["user"]["id"]
        began_s = time.monotonic()

        def shows(*users: str) -> Callable[[Frame], bool]:
            return lambda f: f["type"] == "presence" and sorted(f["online"]) == sorted(users)

        await eve.wait_for(shows(mine, hers))
        self.assertLess(time.monotonic() - began_s, 10)
        eve.frames.clear()
        self.daemons[0].kill()
        await self.until(lambda: any(shows(mine)(frame) for frame in eve.frames), within_s=60)


class Waking(SeveralCase):
    """Redis only wakes: what happens to it costs time and nothing else."""

    async def pair(self) -> tuple[Socket, Socket]:
        """Two people at two daemons, each reading along."""
        self.start(2)
        sockets = []
        for at, name in enumerate(("ada", "eve")):
            socket = await (await self.visitor(name, at)).chat()
            await socket.subscribe()
            sockets.append(socket)
        return sockets[0], sockets[1]

    async def crossing_s(self, here: Socket, there: Socket) -> float:
        """Post at one daemon; the seconds until it is read at the other."""
        seq = (await here.post("hello"))["seq"]
        began_s = time.monotonic()
        self.assertEqual(await there.read(seq), "hello")
        return time.monotonic() - began_s

    async def until_quick(self, here: Socket, there: Socket) -> None:
        """Wait until news crosses over the bus again."""
        deadline_s = time.monotonic() + 30
        while await self.crossing_s(here, there) > 0.2:
            self.assertLess(time.monotonic(), deadline_s)
            await deferLater(reactor, 0.1)

    async def test_with_redis_killed_messages_arrive_by_the_heartbeat_and_speed_comes_back(
        self,
    ) -> None:
        ada, eve = await self.pair()
        self.redis.kill()
        for here, there in ((ada, eve), (eve, ada)):
            self.assertLess(await self.crossing_s(here, there), BY_HEARTBEAT_S)
        self.redis.start()
        await self.until_quick(ada, eve)
        await self.until_quick(eve, ada)
        self.assertEqual(ada.events(), list(range(1, len(ada.events()) + 1)))
        self.assertEqual(eve.events(), ada.events())

    async def test_a_wake_up_that_is_lost_in_a_hanging_redis_costs_time_only(self) -> None:
        ada, eve = await self.pair()
        self.redis.pause()
        self.addCleanup(self.redis.resume)
        self.assertLess(await self.crossing_s(ada, eve), BY_HEARTBEAT_S)
        self.redis.kill()  # and with it whatever it had not passed on
        self.redis.start()
        await self.until_quick(ada, eve)
        self.assertEqual(eve.events(), list(range(1, len(eve.events()) + 1)))

    async def test_a_redis_that_comes_and_goes_under_load_loses_nothing(self) -> None:
        self.start(2)
        people = [await self.visitor(f"person{at}", at % 2) for at in range(4)]
        clients = self.clients(people)
        for _ in range(3):
            await self.until_more(clients, 30)
            self.redis.kill()
            await self.until_more(clients, 30)
            await deferToThread(self.redis.start)
            await self.until_more(clients, 30)
            self.redis.pause()
            await self.until_more(clients, 30)
            self.redis.resume()
        await self.settle(clients, people[0])
        # Nobody had to come back: people's sockets do not notice.
        self.assertEqual([client.reconnects for client in clients], [0] * 4)

    async def test_daemons_start_without_redis_and_find_it_when_it_comes(self) -> None:
        self.redis.stop()
        port = free_port()
        here = self.start(2)[0]
        self.assertIn("the bus at unix://", here.log())
        here.stop()
        here.options += ("--metrics-listen", f"tcp:{port}:interface=127.0.0.1")
        here.start()
        self.assertEqual(await self.up(port), 0)
        self.redis.start()
        deadline_s = time.monotonic() + 30
        while await self.up(port) != 1:
            self.assertLess(time.monotonic(), deadline_s)
            await deferLater(reactor, 0.1)

    async def up(self, port: int) -> float:
        """What the daemon with its metrics at ``port`` says of the bus."""

        def fetch() -> str:
            with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as answer:
                text: str = answer.read().decode()
                return text

        found = re.search(r"^securechat_bus_up (\S+)$", await deferToThread(fetch), re.MULTILINE)
        assert found
        return float(found[1])


class Rolling(SeveralCase):
    async def test_daemons_taken_out_and_put_back_under_load_cost_a_reconnect_each(self) -> None:
        self.start(3)
        people = [await self.visitor(f"person{at}") for at in range(6)]
        for person in people:
            self.wander(person)
        clients = self.clients(people, SteadyClient)
        await self.until_more(clients, 20)
        for daemon in self.daemons:
            await self.taken_out(daemon)
            await self.until_more(clients, 20)
            await deferToThread(daemon.start)
            await self.until_more(clients, 20)
        self.daemons[1].kill()
        await self.until_more(clients, 20)
        await deferToThread(self.daemons[1].start)
        self.assertGreater(await self.settle(clients, people[0]), 6 * 20 * 7)

    async def taken_out(self, daemon: DaemonProcess) -> None:
        """End it as an operator does; it is out in time."""
        self.assertLess(await deferToThread(daemon.stop), 10)


class InFront(SeveralCase):
    """Behind the proxies that the handbook shows, with its own words."""

    async def roll_behind(self, kind: Kind) -> None:
        """Stop and start both daemons, twice, while people talk, and others look at pages."""
        why = missing(kind)
        if why:
            raise SkipTest(why)
        folder = self.new_folder()
        folder.mkdir(parents=True)
        certificates = make_certificates(folder)
        front = Front(kind, certificates)
        self.addCleanup(front.remove)
        self.start(2, "--behind-proxy", "127.0.0.1", "--public-url", front.url)
        front.start([daemon.port for daemon in self.daemons])
        people = []
        for name in ("ada", "eve", "kim", "lin"):
            person = SecureVisitor(front.url, name, certificates.authority)
            self.addCleanup(self._leave, person)
            self.assertEqual(await person.register(), 303)
            people.append(person)
        clients = self.clients(people, SteadyClient)
        looking = Looking(people[0])
        self.addCleanup(lambda: Deferred.fromCoroutine(looking.stop()))
        looking.start()
        for daemon in self.daemons * 2:
            await self.until_more(clients, 20)
            self.assertLess(await deferToThread(daemon.stop), 10)
            await self.until_more(clients, 20)
            await self.put_back(daemon, people[1])
        await self.until_more(clients, 20)
        self.assertEqual(await looking.stop(), [])
        self.assertGreater(await self.settle(clients, people[0]), 4 * 20 * 8)
        for client in clients:
            self.assertLessEqual(client.reconnects, MOST_RECONNECTS)
        for daemon in self.daemons:
            self.assertIn(f"of ada from {SecureVisitor.ADDRESS} is open", daemon.log())

    async def put_back(self, daemon: DaemonProcess, person: SecureVisitor) -> None:
        """Start it, and wait until the proxy leads somebody there who connects."""
        connections = daemon.log().count(" is open")
        await deferToThread(daemon.start)
        deadline_s = time.monotonic() + PUT_BACK_S
        while daemon.log().count(" is open") == connections:
            self.assertLess(time.monotonic(), deadline_s)
            await (await person.connect()).close()
            await deferLater(reactor, 0.1)

    def _leave(self, person: SecureVisitor) -> Deferred[None]:
        return Deferred.fromCoroutine(person.leave())

    async def test_both_daemons_are_restarted_behind_haproxy_while_people_talk(self) -> None:
        await self.roll_behind("haproxy")

    async def test_both_daemons_are_restarted_behind_nginx_while_people_talk(self) -> None:
        await self.roll_behind("nginx")


class Looking:
    """Somebody who reloads a page all the time; what came that was no page."""

    def __init__(self, person: SecureVisitor) -> None:
        self._person = person
        self._on = True
        self._ended: Deferred[None] | None = None
        self._seen: list[object] = []

    def start(self) -> None:
        """Begin."""
        self._ended = Deferred.fromCoroutine(self._look())

    async def stop(self) -> list[object]:
        """End; the answers that were not 200."""
        self._on = False
        assert self._ended is not None
        await self._ended
        return [status for status in self._seen if status != 200]

    async def _look(self) -> None:
        while self._on:
            try:
                status, _, _ = await self._person.request("GET", "/")
            except Exception as error:  # noqa: BLE001 - whatever it is, a person would see it
                self._seen.append(error)
            else:
                self._seen.append(status)
            await deferLater(reactor, 0.05)


class Refusing(ProcessCase):
    async def test_sqlite_with_a_bus_is_refused_with_the_reason(self) -> None:
        daemon = self.new_daemon("--bus", "redis://localhost")
        for check in ([], ["--check"]):
            answer = daemon.run_to_end(*check)
            self.assert_refused(answer, "--bus", "an SQLite file belongs to one daemon alone")
