"""Log-in storms: what a running chat feels of them."""

from __future__ import annotations

import html
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode

from ..cpu import measured
from ..daemon import Server
from ..load import Load
from ..peers import OURS
from ..peers.base import BrokenError
from ..run import Run, marks_of, medians
from ..table import Column, Row, Section, Values

SECTION = Section(
    "A chat of 50 while very many log in at once",
    (
        Column("p50_ms", "p50 ms", 1),
        Column("p99_ms", "p99 ms", 1),
        Column("per_s", "deliveries/s"),
        Column("entered", "logged in"),
        Column("refused", "come later"),
        Column("failed", "failed"),
        Column("seconds", "answered after s", 1),
    ),
)

READERS = 50
MOST_MESSAGES = 1_000_000
PASSWORD = "correct horse battery"  # noqa: S105 - of people who are made up
TIMES_EACH = 5
"""So often somebody may try at once; more would have to wait longer each time."""

WITHIN_S = 60.0
SEE_OTHER, UNAVAILABLE = 303, 503
CSRF = re.compile(r'name="csrf"\s+value="([^"]+)"')


class Forms:
    """A browser without cookies that fills in forms of the daemon."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._origin = f"http://localhost:{port}"

    def request(self, path: str, fields: Mapping[str, str]) -> bytes:
        """A form with these fields, as bytes of HTTP; its page was asked for first."""
        page, cookie = self._page(path)
        found = CSRF.search(page)
        if not found:
            raise BrokenError(f"{path} has no form")
        body = urlencode({"csrf": html.unescape(found[1]), **fields}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nOrigin: {self._origin}\r\n"
            f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body

    def register(self, name: str) -> None:
        """An account of this name."""
        fields = {"fullname": name, "username": name, "password": PASSWORD, "confirm": PASSWORD}
        status = self.status(self.request("/register", fields))
        if status != SEE_OTHER:
            raise BrokenError(f"nobody can register: {status}")

    def status(self, request: bytes) -> int:
        """Send it; the status of the answer."""
        with socket.create_connection(("127.0.0.1", self._port), WITHIN_S) as line:
            line.sendall(request)
            answer = HTTPResponse(line)
            answer.begin()
            return answer.status

    def _page(self, path: str) -> tuple[str, str]:
        line = HTTPConnection("localhost", self._port, timeout=WITHIN_S)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            cookies = answer.headers.get_all("Set-Cookie") or []
            text = answer.read().decode()
        finally:
            line.close()
        return text, "; ".join(cookie.partition(";")[0] for cookie in cookies)


def at_once(port: int, requests: Sequence[bytes]) -> tuple[Counter[int], float]:
    """Send each over a connection of its own, all at once; the statuses, the seconds it took.

    0 stands for a connection that was cut or never answered.
    """
    statuses: Counter[int] = Counter()
    lines: set[socket.socket] = set()
    began_s = time.monotonic()
    for request in requests:
        line = socket.create_connection(("127.0.0.1", port), WITHIN_S)
        line.sendall(request)
        lines.add(line)
    while lines and time.monotonic() - began_s < WITHIN_S:
        for line in select.select(lines, (), (), 1.0)[0]:
            statuses[_status_of(line)] += 1
            lines.remove(line)
    took_s = time.monotonic() - began_s
    for line in lines:
        line.close()
    return statuses + Counter({0: len(lines)}), took_s


def _status_of(line: socket.socket) -> int:
    """The status in an answer's first line, which comes in one piece."""
    with line:
        try:
            words = line.recv(4096).split(None, 2)
        except OSError:
            return 0
    return int(words[1]) if len(words) > 1 else 0


def log_ins(run: Run) -> list[Row]:
    """A chat alone, and with 200 people who log in at the same moment."""
    if OURS not in run.peers:
        return []
    alone: list[Values] = []
    beside: list[Values] = []
    count = run.size(200, 5)

    def one() -> None:
        with run.fresh() as folder:
            server = Server(folder)
            server.start(READERS)
            try:
                _both(run, server, count, alone, beside)
            finally:
                server.stop()

    for number in range(run.rounds):
        run.attempt(f"logins: {OURS.name}, round {number + 1}", one)
    return [
        medians(work, OURS.name, marks_of(OURS), samples)
        for work, samples in (("chat alone", alone), (f"chat, {count} log in", beside))
        if samples
    ]


def _both(run: Run, server: Server, count: int, alone: list[Values], beside: list[Values]) -> None:
    forms = Forms(server.daemon.port)
    requests = []
    for number in range(count // TIMES_EACH):
        forms.register(f"stormy-{number}")
        named = {"username": f"stormy-{number}", "password": PASSWORD}
        requests += [forms.request("/login", named)] * TIMES_EACH
    with run.loading(server.plan(READERS)) as clients:
        clients.run(1, 20, 1.0)
        alone.append(_chat(run, clients, server))
        answered: list[tuple[Counter[int], float]] = []
        storm = threading.Thread(
            target=lambda: answered.append(at_once(server.daemon.port, requests))
        )
        storm.start()
        values = _chat(run, clients, server)
        storm.join()
        if not answered:
            raise BrokenError("the log-ins broke off")
        statuses, took_s = answered[0]
        entered, refused = statuses.pop(SEE_OTHER, 0), statuses.pop(UNAVAILABLE, 0)
        more = {"entered": entered, "refused": refused, "failed": statuses.total()}
        beside.append({**values, **more, "seconds": took_s})


def _chat(run: Run, clients: Load, server: Server) -> Values:
    """One message under way."""
    said, used = measured(
        lambda: clients.run(1, MOST_MESSAGES, run.seconds), [server.pid], [clients.pid]
    )
    return {
        "p50_ms": said["p50_ms"],
        "p99_ms": said["p99_ms"],
        "per_s": said["deliveries"] / said["seconds"],
        "others": used.others,
    }
