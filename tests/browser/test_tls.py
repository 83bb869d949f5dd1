"""The same conversation over TLS, and what the plain port beside it does."""

from __future__ import annotations

import http.client
from pathlib import Path

from tests.browser.cases import BrowserCase
from tests.support.browser import certificates
from tests.support.daemon import DaemonProcess, free_port


class OverTls(BrowserCase):
    def tls_daemon(self) -> DaemonProcess:
        daemon = DaemonProcess(Path(self.mktemp()).resolve(), scheme="https")
        self.plain_port = free_port()
        made = certificates()
        daemon.options = (
            *("--tls-cert", str(made.chain), "--tls-key", str(made.key)),
            *("--public-url", daemon.url),
            *("--plain-listen", f"tcp:{self.plain_port}:interface=127.0.0.1"),
        )
        self.addCleanup(daemon.stop)
        return daemon.start()

    def ask_in_clear(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("localhost", self.plain_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, headers=headers or {})
        return connection.getresponse()

    def test_two_people_talk_over_tls_with_a_cookie_that_never_leaves_it(self) -> None:
        daemon = self.tls_daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.say("Good morning, Eve.")
        eve.reads("Good morning, Eve.")
        eve.say("Good morning, Ada.")
        ada.reads("Good morning, Ada.")
        said = [("You", "Good morning, Eve."), ("Eve Moneypenny", "Good morning, Ada.")]
        self.shows(ada, *said)
        cookies = {cookie["name"]: cookie for cookie in ada.context.cookies()}
        session = cookies["__Host-securechat"]
        self.assertTrue(session["secure"])
        self.assertTrue(session["httpOnly"])
        self.assertIn(session["sameSite"], ("Lax", "Strict"))
        self.assertEqual((session["domain"], session["path"]), ("localhost", "/"))
        self.assertTrue(all(cookie["secure"] for cookie in cookies.values()), cookies)
        self.assertEqual(ada.page.evaluate("document.cookie"), "")

        self.plain_port_only_points_at_tls(daemon)

    def plain_port_only_points_at_tls(self, daemon: DaemonProcess) -> None:
        for path in ("/", "/login", "/register"):
            answer = self.ask_in_clear("GET", path)
            self.assertEqual(
                (answer.status, answer.getheader("Location")), (308, daemon.url + path)
            )
        for path in ("/login", "/register", "/logout"):
            self.assertEqual(self.ask_in_clear("POST", path).status, 403, path)
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Origin": daemon.url,
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Protocol": "securechat.v1",
        }
        self.assertEqual(self.ask_in_clear("GET", "/ws", upgrade).status, 403)
        stranger = self.visitor(daemon, "Stranger")
        stranger.excuse(rf"request: http://localhost:{self.plain_port}/login$")
        stranger.page.goto(f"http://localhost:{self.plain_port}/login")
        self.assertEqual(stranger.page.url, daemon.url + "/login")
