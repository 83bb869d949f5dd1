"""What holds for every request and answer: headers, names, methods, sizes, deadlines, proxies."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat.assets import static_dir, templates_dir
from securechat.core.errors import Misconfigured
from securechat.core.model import Visitor
from securechat.core.settings import Limits
from securechat.metrics import Metrics, MetricsResource
from securechat.web import handshake
from securechat.web.headers import CONTENT_SECURITY_POLICY, upgrade_headers
from securechat.web.origins import Origins

from .fakes_browser import Browser
from .fakes_web import Web
from .fakes_wire import Response, parse

EXPECTED = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class EveryAnswer(SynchronousTestCase):
    """All routes and all statuses carry all headers."""

    def answers(self, web: Web, over_tls: bool = False) -> Iterator[tuple[str, Response]]:
        browser = Browser(web, over_tls=over_tls)
        name = web.static_file
        home = web.origins.home.partition("//")[2]
        for path in ("/", "/login", "/register", "/session", "/healthz", "/readyz", "/sw.js"):
            yield path, browser.get(path)
            yield path, web.request("HEAD", path, over_tls=over_tls)
        for path in ("/nope", "/static/", f"/static/{'0' * 16}/chat.js", "/ws", "/%ff", name):
            yield path, browser.get(path)
        for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "FOO"):
            yield method, web.request(method, "/login", over_tls=over_tls)
        yield "wrong host", web.request("GET", "/", host="evil.example", over_tls=over_tls)
        yield "no csrf", browser.post("/login", {"username": "ada"})
        yield "wrong pair", browser.log_in("nobody", "wrong one")
        yield "fields", browser.submit("/register")
        yield "registered", browser.register()
        yield "chat", browser.get("/")
        yield "signed in", browser.get("/session")
        yield "taken", Browser(web, over_tls=over_tls).register()
        yield (
            "too large",
            web.send(
                f"POST /login HTTP/1.1\r\nHost: {home}\r\nContent-Length: 65537\r\n\r\n".encode(),
                over_tls=over_tls,
            ),
        )
        yield "malformed", web.send(b"nonsense\r\n\r\n", over_tls=over_tls)
        web.store.away = True
        yield "away", browser.get("/")

    def assertAllHeaders(self, what: str, response: Response) -> None:
        for header, value in EXPECTED.items():
            self.assertEqual(response.header(header), value, f"{what}: {header}")
        self.assertIn("camera=()", response.header("Permissions-Policy") or "", what)
        self.assertIsNone(response.header("Server"), what)
        self.assertIsNone(response.header("Access-Control-Allow-Origin"), what)
        if response.header("Cache-Control") not in (
            "no-cache",
            "public, max-age=31536000, immutable",
        ):
            self.assertEqual(response.header("Cache-Control"), "no-store", what)
        self.assertNotIn("wisted", response.text if response.body[:2] != b"\x1f\x8b" else "")

    def test_all_headers_are_on_every_answer(self) -> None:
        web = Web(limits=Limits(logins_per_address=0))
        statuses = set()
        for what, response in self.answers(web):
            self.assertAllHeaders(what, response)
            self.assertIsNone(response.header("Strict-Transport-Security"), what)
            statuses.add(response.status)
        expected = {200, 204, 303, 400, 401, 403, 404, 405, 409, 413, 421, 422, 503}
        self.assertEqual(statuses, expected)

    def test_over_tls_every_answer_asks_for_tls(self) -> None:
        for what, response in self.answers(Web(public_url="https://chat.example.org"), True):
            hsts = response.header("Strict-Transport-Security")
            self.assertEqual(hsts, "max-age=31536000; includeSubDomains", what)

    def test_an_upgrade_over_tls_asks_for_tls_too(self) -> None:
        asked = b"\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
        self.assertIn(asked, handshake.answer("key", upgrade_headers(over_tls=True)))
        self.assertNotIn(asked, handshake.answer("key", upgrade_headers(over_tls=False)))

    def test_an_unexpected_error_is_a_plain_500_without_a_trace_of_it(self) -> None:
        def fail(visitor: Visitor) -> IProtocol:
            raise RuntimeError("canary in the machine")

        web = Web(admit=fail)
        browser = Browser(web)
        browser.register()
        web.store.sessions.clear()
        web.store.sessions = None  # type: ignore[assignment]
        response = browser.get("/")
        self.assertEqual(response.status, 500)
        self.assertAllHeaders("500", response)
        for word in ("canary", "Traceback", "NoneType", ".py"):
            self.assertNotIn(word, response.text)
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_a_broken_error_template_still_answers(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "error.html").write_text("{{ missing }}")
        response = Web(templates=folder).request("GET", "/nope")
        self.assertEqual((response.status, response.body), (404, b"404 Not Found"))
        self.flushLoggedErrors()

    def test_answers_are_counted_by_status(self) -> None:
        web = Web()
        web.request("GET", "/nope")
        web.request("GET", "/login")
        self.assertEqual(web.metrics.statuses, [404, 200])

    def test_a_header_cannot_be_injected_through_the_address(self) -> None:
        for path in ("/login%0d%0aX-Evil:%201", "/%0d%0aSet-Cookie:%20a=b", "//evil.example/%2e."):
            response = Web().request("GET", path)
            self.assertIsNone(response.header("X-Evil"))
            self.assertNotIn("a=b", str(response.all("Set-Cookie")))
            self.assertNotIn("evil.example", response.header("Location") or "")


class Names(SynchronousTestCase):
    """Host headers."""

    def test_only_our_names_on_our_ports_are_answered(self) -> None:
        web = Web()
        for host in ("localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:8080"):
            self.assertEqual(web.request("GET", "/login", host=host).status, 200, host)
        for host in (
            "localhost",
            "localhost:80",
            "evil.example",
            "localhost:8080.evil.example",
            "localhost:8080@evil.example",
            "evil.example:8080",
            "127.0.0.1:8080/",
            "",
            "localhost:99999999",
        ):
            self.assertEqual(web.request("GET", "/login", host=host).status, 421, host)

    def test_a_public_url_is_the_only_name(self) -> None:
        web = Web(public_url="https://chat.example.org/")
        for host in ("chat.example.org", "chat.example.org:443", "Chat.Example.org."):
            self.assertEqual(web.request("GET", "/login", host=host).status, 200, host)
        for host in ("localhost:8080", "chat.example.org:80", "example.org"):
            self.assertEqual(web.request("GET", "/login", host=host).status, 421, host)

    def test_none_and_two_are_refused(self) -> None:
        web = Web()
        self.assertEqual(web.send(b"GET / HTTP/1.1\r\n\r\n").status, 421)
        twice = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nHost: evil.example\r\n\r\n"
        self.assertEqual(web.send(twice).status, 400)

    def test_an_absolute_address_is_refused(self) -> None:
        raw = b"GET http://evil.example/login HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
        self.assertEqual(Web().send(raw).status, 400)
        self.assertEqual(
            Web().send(b"OPTIONS * HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").status, 400
        )

    def test_a_public_url_must_be_an_origin(self) -> None:
        for url in (
            "chat.example.org",
            "ftp://x",
            "https://",
            "https://a/b",
            "https://u@a",
            "https://a?b",
        ):
            self.assertRaises(Misconfigured, Origins, url)
        self.assertTrue(
            Origins("https://chat.example.org:8443").allows_origin("https://chat.example.org:8443")
        )


class Methods(SynchronousTestCase):
    def test_others_than_get_head_and_post_are_405_with_what_is_allowed(self) -> None:
        for method in ("PUT", "DELETE", "TRACE", "CONNECT", "BREW"):
            response = Web().request(method, "/login")
            self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD, POST"))

    def test_post_where_only_get_is_served_is_405(self) -> None:
        response = Web().request("POST", "/session")
        self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD"))

    def test_head_answers_like_get_without_the_body(self) -> None:
        web = Web()
        get, head = web.request("GET", "/login"), web.request("HEAD", "/login")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.header("Content-Length"), get.header("Content-Length"))
        self.assertEqual(head.body, b"")


class Bodies(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.top = b"POST /login HTTP/1.1\r\nHost: localhost:8080\r\n"
        self.top += b"Content-Type: application/x-www-form-urlencoded\r\n"

    def test_64_kib_are_read_and_one_byte_more_is_413(self) -> None:
        body = b"username=" + b"x" * (65_536 - 9)
        raw = self.top + b"Content-Length: 65536\r\n\r\n" + body
        self.assertEqual(self.web.send(raw).status, 403)
        self.assertEqual(self.web.send(self.top + b"Content-Length: 65537\r\n\r\n").status, 413)

    def test_a_large_body_is_refused_before_it_is_invited(self) -> None:
        raw = self.top + b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
        self.assertEqual(self.web.send(raw).status, 413)

    def test_chunks_are_counted_while_they_come(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(self.top + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(64):
            channel.dataReceived(b"400\r\n" + b"x" * 1_024 + b"\r\n")
        self.assertEqual(wire.value(), b"")
        channel.dataReceived(b"1\r\nx\r\n")
        self.assertEqual(parse(wire.value())[0].status, 413)

    def test_a_refused_sender_has_time_to_read_the_answer_and_no_more(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(self.top + b"Content-Length: 65537\r\n\r\n")
        channel.dataReceived(b"x" * 65_537)
        self.assertFalse(wire.disconnecting)
        self.web.clock.advance(2)
        self.assertTrue(wire.disconnecting)
        self.assertEqual(len(parse(wire.value())), 1)
        self.web.clock.advance(2)
        self.assertTrue(wire.aborted)

    def test_a_refused_sender_who_goes_on_is_cut(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(self.top + b"Content-Length: 99999999\r\n\r\n")
        for _ in range(17):
            channel.dataReceived(b"x" * 65_536)
        self.assertTrue(wire.disconnecting)

    def test_smuggling_and_malformed_requests_are_400_once(self) -> None:
        host = b"Host: localhost:8080\r\n"
        chunked, identity = b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n"
        for raw in (
            self.top + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            self.top + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
            self.top + b"Content-Length: +4\r\n\r\nabcd",
            self.top + b"Content-Length: 4, 4\r\n\r\nabcd",
            self.top + b"Content-Length: -1\r\n\r\n",
            self.top + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            self.top + chunked + identity + b"\r\n0\r\n\r\n",
            self.top + identity + chunked + b"\r\n0\r\n\r\n",
            self.top + chunked + chunked + b"\r\n0\r\n\r\n",
            self.top + b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nabcd",
            self.top + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
            self.top + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            self.top + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
            b"POST /login HTTP/1.0\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n Host: evil.example\r\n\r\n",
            self.top + b"X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\n Host: localhost:8080\r\n\r\n",
            self.top + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            self.top + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n",
            self.top + b"Content-Length : 4\r\n\r\nabcd",
            b"GET / HTTP/1.1\r\n" + host + b"X: a\x00b\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"no colon\r\n\r\n",
            b"GET  / HTTP/1.1\r\n" + host + b"\r\n",
            b"GET /\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 501 + b"\r\n",
            b"GET / HTTP/1.1\r\n" + host + (b"X: " + b"y" * 1_000 + b"\r\n") * 20 + b"\r\n",
        ):
            response = self.web.send(raw)
            self.assertEqual(response.status, 400, raw[:120])
            self.assertEqual(response.header("Connection"), "close")
            self.assertEqual(response.header("Content-Security-Policy"), CONTENT_SECURITY_POLICY)

    def test_an_over_long_line_is_answered(self) -> None:
        top = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n"
        for raw, status in (
            (b"G" * 20_000, 400),
            (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 400),
            (top + b"X: " + b"y" * 20_000, 431),
            (top + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        ):
            channel, wire = self.web.connect()
            for start in range(0, len(raw), 1_024):
                channel.dataReceived(raw[start : start + 1_024])
            responses = parse(wire.value())
            self.assertEqual([response.status for response in responses], [status], raw[:40])
            self.assertEqual(
                responses[0].header("Content-Security-Policy"), CONTENT_SECURITY_POLICY
            )


class Deadlines(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

    def drip(self, channel: Any, wire: Any, raw: bytes, every_s: float) -> float:
        """Send byte by byte until the connection is cut; the seconds it took."""
        start_s = self.web.clock.seconds()
        for byte in raw:
            if wire.disconnecting or wire.value():
                break
            channel.dataReceived(bytes([byte]))
            self.web.clock.advance(every_s)
        return self.web.clock.seconds() - start_s

    def test_headers_that_drip_are_cut_after_ten_seconds(self) -> None:
        channel, wire = self.web.connect()
        raw = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n" + b"X-Slow: drip\r\n" * 20
        self.assertEqual(self.drip(channel, wire, raw, 0.5), 10)
        self.assertEqual(parse(wire.value())[0].status, 408)
        self.web.clock.advance(2)
        self.assertTrue(wire.disconnecting)
        self.web.clock.advance(2)
        self.assertTrue(wire.aborted)

    def test_a_body_that_drips_is_cut_after_twenty_seconds(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(b"POST /login HTTP/1.1\r\nHost: localhost:8080\r\n")
        channel.dataReceived(b"Content-Length: 1000\r\n\r\n")
        self.assertEqual(self.drip(channel, wire, b"x" * 999, 1), 20)
        self.assertEqual(parse(wire.value())[0].status, 408)

    def test_a_connection_that_says_nothing_is_closed_without_a_word(self) -> None:
        _, wire = self.web.connect()
        self.web.clock.advance(10)
        self.assertTrue(wire.disconnecting)
        self.assertEqual(wire.value(), b"")

    def test_a_second_request_has_its_own_ten_seconds_from_its_first_byte(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(b"GET /healthz HTTP/1.1\r\n\r\n")
        self.web.clock.advance(30)
        self.assertFalse(wire.disconnecting)
        wire.clear()
        self.assertEqual(self.drip(channel, wire, b"GET /healthz HTTP/1.1\r\n", 0.5), 10)

    def test_a_connection_kept_open_for_nothing_is_closed_after_a_minute(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(b"GET /healthz HTTP/1.1\r\n\r\n")
        self.web.clock.advance(59)
        self.assertFalse(wire.disconnecting)
        self.web.clock.advance(1)
        self.assertTrue(wire.disconnecting)

    def test_a_connection_ends_with_the_first_answer_after_ten_minutes(self) -> None:
        channel, wire = self.web.connect()
        for _ in range(12):
            channel.dataReceived(b"GET /healthz HTTP/1.1\r\n\r\n")
            self.assertFalse(wire.disconnecting)
            self.web.clock.pump([50])
        channel.dataReceived(b"GET /healthz HTTP/1.1\r\n\r\n")
        responses = parse(wire.value())
        self.assertEqual(responses[-1].header("Connection"), "close")
        self.assertEqual(len(responses), 13)
        self.assertTrue(wire.disconnecting)

    def test_a_connection_ends_after_a_thousand_requests(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(b"GET /healthz HTTP/1.1\r\n\r\n" * 1_500)
        self.assertEqual(len(parse(wire.value())), 1_000)
        self.assertTrue(wire.disconnecting)

    def test_answers_that_nobody_reads_are_not_made(self) -> None:
        channel, wire = self.web.connect()
        wire.high_water_bytes = 65_536
        channel.dataReceived(b"GET /login HTTP/1.1\r\nHost: localhost:8080\r\n\r\n" * 500)
        answered = 0
        while wire.value():
            self.assertLess(len(wire.value()), 80_000)
            answered += len(parse(wire.value()))
            wire.drain()
        self.assertEqual(answered, 500)

    def test_an_answer_that_takes_long_is_waited_for(self) -> None:
        browser = Browser(self.web)
        browser.register()
        self.web.store.slow = Deferred()
        channel, wire = self.web.connect()
        cookie = f"Cookie: securechat={browser.cookies['securechat']}\r\n".encode()
        channel.dataReceived(
            b"GET /session HTTP/1.1\r\nHost: localhost:8080\r\n" + cookie + b"\r\n"
        )
        self.web.clock.advance(120)
        self.web.store.slow.callback(None)
        self.assertEqual(parse(wire.value())[0].status, 204)

    def test_a_visitor_who_leaves_early_leaves_no_error_and_no_timer(self) -> None:
        browser = Browser(self.web)
        browser.register()
        before = set(self.web.clock.getDelayedCalls())
        self.web.store.slow = Deferred()
        channel, _ = self.web.connect()
        cookie = f"Cookie: securechat={browser.cookies['securechat']}\r\n".encode()
        channel.dataReceived(
            b"GET /session HTTP/1.1\r\nHost: localhost:8080\r\n" + cookie + b"\r\n"
        )
        channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(set(self.web.clock.getDelayedCalls()), before)
        self.assertEqual(self.flushLoggedErrors(), [])


class BehindAProxy(SynchronousTestCase):
    """Forwarded headers count only where they come from our own proxy."""

    def throttled_from(self, web: Web, peer: str, forwarded: str) -> bool:
        browser = Browser(web, address=peer)
        page = browser.get("/login")
        fields = {"csrf": page.csrf, "username": "nobody", "password": "wrong one"}
        headers = (("X-Forwarded-For", forwarded),)
        statuses = [browser.post("/login", fields, *headers).status for _ in range(2)]
        return statuses[-1] == 429

    def test_a_stranger_cannot_choose_an_address(self) -> None:
        web = Web(limits=Limits(logins_per_address=1), behind_proxy=["10.0.0.0/8"])
        self.assertTrue(self.throttled_from(web, "192.0.2.1", "198.51.100.1"))
        self.assertTrue(self.throttled_from(web, "192.0.2.1", "198.51.100.2"))
        self.assertTrue(self.throttled_from(web, "10.0.0.1", "192.0.2.1"))

    def test_a_client_cannot_prepend_an_address(self) -> None:
        proxies = Web(behind_proxy=["10.0.0.0/8", "2001:db8::/32"]).site.proxies
        for peer, forwarded, expected in (
            ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", ["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", ["6.6.6.6", "192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            ("10.0.0.1", ["10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", [], "10.0.0.1"),
            ("10.0.0.1", ["junk"], "10.0.0.1"),
            ("10.0.0.1", ["junk, 10.0.0.2"], "10.0.0.2"),
            ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
            ("2001:db8::1", ["2001:db9::7"], "2001:db9::7"),
            ("192.0.2.9", ["6.6.6.6"], "192.0.2.9"),
        ):
            self.assertEqual(proxies.client_address(peer, forwarded), expected, (peer, forwarded))

    def test_a_proxy_on_a_unix_socket_is_believed_where_one_is_configured(self) -> None:
        behind, alone = Web(behind_proxy=["127.0.0.1/32"]).site, Web().site
        peer = behind.peer(UNIXAddress(None))
        self.assertEqual(behind.proxies.client_address(peer, ["192.0.2.1"]), "192.0.2.1")
        self.assertEqual(behind.proxies.client_address(peer, ["local"]), peer)
        self.assertEqual(alone.proxies.client_address(peer, ["192.0.2.1"]), peer)
        self.assertTrue(behind.proxies.over_plain_http(peer, ["http"]))

    def test_who_came_in_clear_is_sent_to_our_own_https_name(self) -> None:
        web = Web(public_url="https://chat.example.org", behind_proxy=["10.0.0.0/8"])
        clear = [("X-Forwarded-Proto", "http")]
        page = web.request("GET", "/login?x=1", headers=clear, address="10.0.0.1")
        self.assertEqual(page.status, 308)
        self.assertEqual(page.header("Location"), "https://chat.example.org/login")
        form = web.request("POST", "/login", headers=clear, address="10.0.0.1")
        self.assertEqual(form.status, 403)
        self.assertIsNone(page.header("Strict-Transport-Security"))
        socket = web.request("GET", "/ws", headers=clear, address="10.0.0.1")
        self.assertEqual(socket.status, 403)
        stranger = web.request("GET", "/login", headers=clear, address="192.0.2.1")
        self.assertEqual(stranger.status, 200)
        tls = [("X-Forwarded-Proto", "https")]
        self.assertEqual(web.request("GET", "/login", headers=tls, address="10.0.0.1").status, 200)


class ThePlainPortBesideTls(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(public_url="https://chat.example.org")
        self.web.site = self.web.site.in_clear()

    def test_pages_are_sent_to_https_under_our_own_name(self) -> None:
        for host in ("chat.example.org", "chat.example.org:80", "chat.example.org:8080"):
            for method in ("GET", "HEAD"):
                response = self.web.request(method, "/login", host=host)
                self.assertEqual(response.status, 308)
                self.assertEqual(response.header("Location"), "https://chat.example.org/login")
                self.assertIsNone(response.header("Strict-Transport-Security"))
                self.assertEqual(response.all("Set-Cookie"), [])
        self.assertEqual(self.web.request("GET", "/", host="evil.example").status, 421)

    def test_forms_and_sockets_are_refused(self) -> None:
        self.assertEqual(self.web.request("POST", "/login").status, 403)
        for path in ("/ws", "/session"):
            answer = self.web.request("GET", path)
            self.assertEqual((answer.status, answer.header("Location")), (403, None), path)

    def test_health_is_told(self) -> None:
        self.assertEqual(self.web.request("GET", "/healthz", host="10.0.0.1").status, 200)


class TheSiteOfTheFigures(SynchronousTestCase):
    """Metrics: the same rules for another resource on loopback."""

    def setUp(self) -> None:
        self.web = Web(public_url="https://chat.example.org")
        figures = MetricsResource(Metrics())
        self.web.site = self.web.site.on_loopback(figures, self.web.metrics)

    def test_it_answers_under_the_names_of_loopback_only(self) -> None:
        for host, status in (
            ("localhost:9090", 404),
            ("127.0.0.1:9090", 404),
            ("[::1]", 404),
            ("evil.example:9090", 421),
            ("chat.example.org", 421),
        ):
            self.assertEqual(self.web.request("GET", "/nope", host=host).status, status, host)

    def test_it_has_deadlines_and_our_headers(self) -> None:
        channel, wire = self.web.connect()
        channel.dataReceived(b"GET /metrics HTTP/1.1\r\n")
        self.web.clock.advance(10)
        answer = parse(wire.value())[0]
        self.assertEqual(answer.status, 408)
        self.assertEqual(answer.header("Content-Security-Policy"), CONTENT_SECURITY_POLICY)
        self.assertIsNone(answer.header("Strict-Transport-Security"))


class StaticFiles(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        (folder / "deep").mkdir(parents=True)
        self.files = {
            "chat.js": ("text/javascript; charset=utf-8", b"export const x = 1;\n" * 99),
            "worker.mjs": ("text/javascript; charset=utf-8", b"work();"),
            "sw.js": ("text/javascript; charset=utf-8", b"serve();"),
            "app.css": ("text/css; charset=utf-8", b"a{}"),
            "mark.svg": ("image/svg+xml; charset=utf-8", b"<svg/>"),
            "icon.png": ("image/png", b"\x89PNG"),
            "manifest.webmanifest": ("application/manifest+json", b"{}"),
            "deep/odd.txt": ("text/plain; charset=utf-8", b"odd"),
        }
        shutil.copytree(static_dir() / "texts", folder / "texts")
        templates = "".join(path.read_text() for path in templates_dir().glob("*.html"))
        for name in re.findall(r"static\('([^']+)'\)", templates):
            (folder / name).write_bytes(b"x")
        for name, (_, content) in self.files.items():
            (folder / name).write_bytes(content)
        for name in (".hidden", "types.d.ts", "README", "page.js.orig", "odd.bin"):
            (folder / name).write_bytes(b"secret")
        self.folder = folder
        self.web = Web(static=folder)
        self.digest = self.web.static_file.split("/")[2]

    def test_files_have_their_types_and_are_kept_for_ever(self) -> None:
        for name, (content_type, content) in self.files.items():
            response = self.web.request("GET", f"/static/{self.digest}/{name}")
            sent = (response.header("Content-Type") or "").replace('"', "")
            self.assertEqual((response.status, sent), (200, content_type), name)
            self.assertEqual(response.body, content)
            caching = response.header("Cache-Control")
            self.assertEqual(caching, "public, max-age=31536000, immutable")

    def test_a_large_text_is_packed_for_who_can_unpack_it(self) -> None:
        path = f"/static/{self.digest}/chat.js"
        response = self.web.request("GET", path, headers=[("Accept-Encoding", "br, gzip")])
        self.assertEqual(response.header("Content-Encoding"), "gzip")
        self.assertEqual(response.header("Vary"), "Accept-Encoding")
        self.assertEqual(gzip.decompress(response.body), self.files["chat.js"][1])
        for coding, packs in (
            *(("gzip;q=1.0", True), ("*", True), ("deflate, GZIP ; q=0.5", True)),
            *(("gzip;q=0", False), ("gzip;q=0.000", False), ("br", False), ("gzip2", False)),
        ):
            response = self.web.request("GET", path, headers=[("Accept-Encoding", coding)])
            self.assertEqual(response.header("Content-Encoding") == "gzip", packs, coding)

    def test_nothing_else_is_served(self) -> None:
        for path in (
            "/static/",
            f"/static/{self.digest}",
            f"/static/{self.digest}/",
            f"/static/{self.digest}/deep",
            f"/static/{self.digest}/deep/",
            f"/static/{self.digest}/.hidden",
            f"/static/{self.digest}/nope.js",
            f"/static/{self.digest}/types.d.ts",
            f"/static/{self.digest}/README",
            f"/static/{self.digest}/odd.bin",
            f"/static/{self.digest}/page.js.orig",
            f"/static/{'0' * 16}/chat.js",
            f"/static/{self.digest}/../chat.js",
            f"/static/{self.digest}/%2e%2e/templates/login.html",
            f"/static/{self.digest}/deep/../../../../../etc/passwd",
            f"/static/{self.digest}//etc/passwd",
            f"/static/{self.digest}/chat.js%00",
        ):
            self.assertEqual(self.web.request("GET", path).status, 404, path)

    def test_any_changed_file_changes_every_address(self) -> None:
        (self.folder / "mark.svg").write_bytes(b"<svg></svg>")
        self.assertNotEqual(Web(static=self.folder).static_file.split("/")[2], self.digest)

    def test_the_service_worker_has_a_fixed_name_and_is_asked_for_again(self) -> None:
        response = self.web.request("GET", "/sw.js")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("Cache-Control"), "no-cache")
        self.assertIn("text/javascript", response.header("Content-Type") or "")
