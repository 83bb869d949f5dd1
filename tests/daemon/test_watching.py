"""What an operator sees: the log, as text and as JSON, and the metrics."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

from tests.support.client import Person
from tests.support.daemon import DaemonProcess, free_port

from .cases import ProcessCase

TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ [\w.\-]+: .*|    .*")
FORGED = "2026-01-01T00:00:00.000Z critical securechat: all is lost"


def send_raw(port: int, request: str) -> bytes:
    """What the daemon answers to these bytes until it closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        connection.sendall(request.encode("utf-8"))
        return connection.recv(65_536)


class Logging(ProcessCase):
    async def live(self, daemon: DaemonProcess) -> None:
        """Somebody registers, mistypes, logs in, talks and leaves."""
        ada = self.stranger(daemon, "ada")
        self.assertEqual(await ada.register(), 303)
        again = self.stranger(daemon, "ada")
        self.assertEqual(await again.log_in("wrong password"), 401)
        self.assertEqual(await again.log_in(), 303)
        socket_ = await again.chat()
        await socket_.post("nobody but us reads this")
        socket_.sendClose(1000)
        await self.until(lambda: "has ended" in daemon.log())

    async def test_every_json_line_is_a_record_and_every_step_is_told(self) -> None:
        daemon = self.new_daemon("--log-format", "json").start()
        await self.live(daemon)
        self.forge(daemon)
        daemon.stop()
        records = [json.loads(line) for line in daemon.log().splitlines()]
        for record in records:
            self.assertLessEqual({"time", "level", "logger", "message"}, record.keys())
            self.assertNotEqual(record["level"], "error", record)
        events: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            events.setdefault(record.get("event", ""), []).append(record)
        [registered] = events["registered"]
        self.assertEqual((registered["username"], registered["address"]), ("ada", "127.0.0.1"))
        [logged_in] = events["logged_in"]
        self.assertEqual((logged_in["username"], logged_in["address"]), ("ada", "127.0.0.1"))
        [connected], [disconnected] = events["connected"], events["disconnected"]
        self.assertEqual(connected["username"], "ada")
        self.assertEqual(connected["id"], disconnected["id"])
        self.assertEqual(disconnected["code"], 1000)
        [posted] = events["posted"]
        self.assertEqual(posted["messages"], ["general/1"])
        self.assertEqual(posted["users"], [logged_in["user"]])
        self.assertIn("wrong_pair", [record["why"] for record in events["refused"]])
        self.assertNotIn("nobody but us", daemon.log())
        self.assertNotIn("wrong password", daemon.log())

    async def test_nobody_forges_a_line_of_the_text_log(self) -> None:
        daemon = self.new_daemon().start()
        await self.live(daemon)
        person = self.stranger(daemon, "eve")
        for name in (f"eve\n{FORGED}", f"eve\r{FORGED}", "eve\x1b[2J", f"eve\u2028{FORGED}"):
            await person.submit("/login", username=name, password="long enough")
            fields = {"fullname": name, "password": "long enough", "confirm": "long enough"}
            status, _ = await person.submit("/register", username=name, **fields)
            self.assertEqual(status, 422)
        self.forge(daemon)
        daemon.stop()
        log = daemon.log_path.read_bytes().decode()
        for line in log.split("\n")[:-1]:
            self.assertIsNotNone(TEXT_LINE.fullmatch(line), line)
        self.assertNotRegex(log, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
        self.assertNotIn("\n" + FORGED, log)
        self.assertNotIn("Traceback", log)

    def forge(self, daemon: DaemonProcess) -> None:
        """Send requests whose parts would be lines of the log, or would steer a terminal."""
        bad = f"x\x1b[31m\x85\u2028{FORGED}\u202e"
        host = f"Host: localhost:{daemon.port}\r\n"
        end = "Connection: close\r\n\r\n"
        for request in (
            f"GET /{bad} HTTP/1.1\r\n{host}{end}",
            f"GET /%0a{FORGED.replace(' ', '%20')} HTTP/1.1\r\n{host}{end}",
            f"GET / HTTP/1.1\r\nHost: {bad}\r\n{end}",
            f"GET /ws HTTP/1.1\r\n{host}Origin: {bad}\r\nUpgrade: {bad}\r\n{end}",
            f"POST /login HTTP/1.1\r\n{host}Origin: {bad}\r\nX-Forwarded-For: {bad}\r\n{end}",
            f"GET /login HTTP/1.1\r\n{host}Cookie: securechat={bad}\r\nUser-Agent: {bad}\r\n{end}",
            f"{bad} / HTTP/1.1\r\n{host}{end}",
            f"GET / HTTP/1.1\r\n{host}{FORGED}\r\n x\n{FORGED}\r\n{end}",
            f"{bad}\r\n\r\n",
        ):
            answer = send_raw(daemon.port, request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer[:100])
            self.assertFalse(answer.startswith(b"HTTP/1.1 500"), answer[:1_000])


def figures(exposition: str) -> dict[str, float]:
    """The value of every series."""
    lines = [line for line in exposition.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


class Counting(ProcessCase):
    async def figures(self) -> dict[str, float]:
        """What the daemon counts now."""
        status, headers, text = await self.prometheus.request("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn("text/plain", headers.getRawHeaders("Content-Type")[0])
        return figures(text)

    async def test_the_counters_move_with_what_happens(self) -> None:
        port = free_port()
        listen = f"tcp:{port}:interface=127.0.0.1"
        daemon = self.new_daemon("--metrics-listen", listen, "--limit", "posts=1").start()
        self.prometheus = Person(f"http://127.0.0.1:{port}", "prometheus")
        before = await self.figures()
        ada = await self.person(daemon, "ada")
        stranger = self.stranger(daemon, "ada")
        self.assertEqual(await stranger.log_in("wrong password"), 401)
        self.assertEqual(await stranger.log_in(), 303)
        mine, other = await ada.chat(), await stranger.chat()
        await mine.subscribe()
        await other.subscribe()
        for number in range(3):
            await mine.post(f"{number}")
        await other.event(3)
        for number in range(9):
            await other.post(f"{number}")
        await other.close()
        await self.until(lambda: "has ended" in daemon.log())
        after = await self.figures()
        moved = {name: after[name] - before.get(name, 0.0) for name in after}
        for name, by in {
            "securechat_connections": 1,
            "securechat_connects_total": 2,
            "securechat_disconnects_total": 1,
            "securechat_registrations_total": 1,
            'securechat_logins_total{outcome="ok"}': 1,
            'securechat_logins_total{outcome="refused"}': 1,
        }.items():
            self.assertEqual(moved[name], by, name)
        stored = moved["securechat_messages_posted_total"]
        refused = moved['securechat_refusals_total{code="rate_limited"}']
        self.assertGreaterEqual(stored, 8)
        self.assertGreaterEqual(refused, 1)
        self.assertEqual(stored + refused, 12)
        self.assertEqual(moved["securechat_batch_size_sum"], stored)
        self.assertGreater(moved["securechat_commit_seconds_sum"], 0)
        # Both heard everything, what fell between subscribing and being live as replay.
        self.assertGreater(moved["securechat_deliveries_total"], stored)
        self.assertGreater(moved["securechat_fanout_seconds_count"], 0)
        self.assertEqual(after["securechat_journal_depth"], 0)
        for series in after:
            self.assertNotRegex(series, r"\bada\b|\bgeneral\b|127\.0\.0\.1|localhost")

        for path in ("/", "/login", "/register", "/ws", "/readyz", "/metrics/", "/metrics/x", "//"):
            status, _, _ = await self.prometheus.request("GET", path)
            self.assertEqual(status, 404, path)
        self.assertEqual((await ada.request("GET", "/metrics"))[0], 404)
