"""Where the pictures are taken: a daemon with the demo, an empty one, and people in browsers."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from securechat.demo.cast import MARA, PEOPLE
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess
from tests.support.factors import App

if TYPE_CHECKING:
    from playwright.sync_api import WebSocketRoute

MANY = 300
DAMAGED_FROM_END = 3
NOBODY_LOOKS = "Document.prototype.hasFocus = () => false;"
"""Nothing counts as read that way, and every picture shows the same."""

EMPTY = "administrator of the empty one"
REFUSED = r"console: Failed to load resource: the server responded with a status of [45]"
"""What Chromium logs of every page that is an error."""


class Wire:
    """Between a page and the daemon, in the way where that is asked for.

    ``lost`` are the types of frames from the page that never arrive. ``answers`` give a frame back
    in place of the daemon, by the type of the frame from the page. ``added`` give a frame to send
    after one of the daemon's, by its type. While ``dead``, nobody answers a new socket at all.
    """

    def __init__(self, visitor: Visitor) -> None:
        self.lost: set[str] = set()
        self.answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}
        self.added: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {}
        self.dead = False
        self._page: WebSocketRoute | None = None
        visitor.context.route_web_socket("**/ws", self._connect)

    def say(self, frame: dict[str, Any]) -> None:
        """Send the page a frame as if it were the daemon's."""
        assert self._page is not None, "the page has opened no socket"
        self._page.send(json.dumps(frame))

    def end(self, code: int) -> None:
        """Close the page's socket as the daemon would."""
        assert self._page is not None, "the page has opened no socket"
        self._page.close(code=code)

    def _connect(self, page: WebSocketRoute) -> None:
        self._page = page
        if self.dead:
            return
        server = page.connect_to_server()

        def from_page(text: str | bytes) -> None:
            frame = json.loads(text)
            answer = self.answers.get(frame["type"])
            if answer is not None:
                page.send(json.dumps(answer(frame)))
            elif frame["type"] not in self.lost:
                server.send(text)

        def from_server(text: str | bytes) -> None:
            page.send(text)
            frame = json.loads(text)
            add = self.added.get(frame["type"])
            more = None if add is None else add(frame)
            if more is not None:
                page.send(json.dumps(more))

        page.on_message(from_page)
        server.on_message(from_server)


class World:
    """Both daemons, and whoever stands in front of the camera now, in ``options`` of a browser."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: dict[str, Any] = {}
        """Size and taste of the browsers that are opened next: Playwright's of a new context."""
        self.wire: Wire
        """That of the visitor who came last."""
        self.passkeys: list[Any] = []
        """What is on the device of whoever has one."""
        self.app: App | None = None
        """The one that makes the codes of whoever has a second factor."""
        self.farewell: DaemonProcess | None = None
        """The daemon at which people and messages are gone, once there is one."""
        self._daemons: list[DaemonProcess] = []
        self._kept: dict[str, Any] = {}
        self._here: list[Visitor] = []

    @cached_property
    def demo(self) -> DaemonProcess:
        """The daemon that has something to show."""
        daemon = DaemonProcess(self.folder / "demo", *NO_PACE)
        file = daemon.folder / "password"
        file.write_text(PASSWORD)
        file.chmod(0o600)
        self.command(daemon, "demo", "--messages", str(MANY), "--password-file", str(file))
        self._damage(daemon)
        return self.started(daemon)

    @cached_property
    def empty(self) -> DaemonProcess:
        """The daemon that nobody has set up, and that lets nobody try many passwords."""
        limits = ("--limit", "logins-per-address=1")
        return self.started(DaemonProcess(self.folder / "empty", *limits))

    def close(self) -> None:
        """Send everybody home and stop the daemons."""
        self.clear()
        for daemon in self._daemons:
            daemon.stop()

    def clear(self) -> list[str]:
        """Send everybody home; what went wrong for them."""
        here, self._here = self._here, []
        troubles = [trouble for visitor in here for trouble in visitor.unexcused]
        for visitor in here:
            visitor.leave()
        return troubles

    def stranger(self, daemon: DaemonProcess | None = None, **options: Any) -> Visitor:
        """Somebody who is not logged in, at the demo unless another daemon is named."""
        url = (daemon or self.demo).url
        visitor = Visitor(url, "Stranger", **{"reduced_motion": None} | self.options | options)
        self._here.append(visitor)
        return visitor

    def person(self, username: str = MARA, **options: Any) -> Visitor:
        """One of the demo's people, logged in, on no page yet."""
        if username not in self._kept:
            self._kept[username] = self._logged_in(username)
        visitor = self.stranger(storage_state=self._kept[username], **options)
        visitor.username = username
        [visitor.full_name] = [one.full_name for one in PEOPLE if one.username == username]
        visitor.context.add_init_script(NOBODY_LOOKS)
        self.wire = Wire(visitor)
        return visitor

    def administrator(self) -> Visitor:
        """Whoever has set up the empty daemon, on no page yet."""
        return self.stranger(self.empty, storage_state=self._kept[EMPTY])

    def set_up(self, visitor: Visitor) -> None:
        """``visitor`` has just set up the empty daemon: remember the session."""
        self._kept[EMPTY] = visitor.context.storage_state()

    @property
    def is_set_up(self) -> bool:
        """Whether somebody has set up the empty daemon."""
        return EMPTY in self._kept

    def command(self, daemon: DaemonProcess, *words: str) -> str:
        """What ``python -m securechat`` prints on this daemon's data."""
        listen = f"tcp:{daemon.port}:interface=127.0.0.1"
        command = [*(sys.executable, "-m", "securechat", "--listen", listen)]
        command += ["--data-dir", str(daemon.data_dir), *words]
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.check_output(command, env=environ, text=True)

    @cached_property
    def invite(self) -> str:
        """The path of a link into the board's room."""
        options, self.options = self.options, {}
        here, self._here = self._here, []
        mara = self.person()
        mara.visit()
        mara.open_room("Board")
        mara.details().get_by_role("button", name="Invite by link").click()
        dialog = mara.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Make a link").click()
        dialog.locator("#invite-link").wait_for()
        path = urlsplit(dialog.locator("#invite-link").input_value()).path
        mara.leave()
        self.options, self._here = options, here
        return path

    @cached_property
    def reset(self) -> str:
        """The path of a link with which somebody may set a new password."""
        return urlsplit(self.command(self.demo, "admin", "reset", PEOPLE[3].username).strip()).path

    @contextmanager
    def full(self) -> Iterator[None]:
        """The demo's database takes nothing in meanwhile."""
        with closing(sqlite3.connect(self.file(self.demo), isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                database.execute("ROLLBACK")

    def _logged_in(self, username: str) -> Any:
        visitor = Visitor(self.demo.url, username)
        visitor.username = username
        visitor.log_in()
        state = visitor.context.storage_state()
        visitor.leave()
        return state

    def started(self, daemon: DaemonProcess) -> DaemonProcess:
        """The daemon, which runs until the world ends."""
        self._daemons.append(daemon)
        return daemon.start()

    def file(self, daemon: DaemonProcess) -> Path:
        """The daemon's database."""
        return daemon.data_dir / "securechat.sqlite3"

    def _damage(self, daemon: DaemonProcess) -> None:
        """Change a bit of one of the last messages in general, as a bad disk would."""
        with closing(sqlite3.connect(self.file(daemon))) as database:
            seq, sealed = database.execute(
                "SELECT seq, ciphertext FROM events WHERE room_id = 'general'"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?",
                (DAMAGED_FROM_END,),
            ).fetchone()
            flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
            database.execute(
                "UPDATE events SET ciphertext = ? WHERE room_id = 'general' AND seq = ?",
                (flipped, seq),
            )
            database.commit()
