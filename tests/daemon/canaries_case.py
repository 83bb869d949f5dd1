"""A day in a chat, and everything of it that nobody but its people may ever find."""

from __future__ import annotations

import os
import re
import signal
from base64 import b32encode
from pathlib import Path

from securechat.core.encoding import from_b64url
from securechat.keyring import read
from tests.support.canary import found_in, named
from tests.support.client import Person, Socket, new_id
from tests.support.daemon import DaemonProcess

from .test_administration import CommandLineCase
from .test_factors import second, set_up

FULL_NAME = "Ada Canary-Lovelace"
"""May be stored, and must be found: it proves the search."""


def canary(kind: str) -> str:
    """A marked text that nothing else contains, and that escapes and encodings change."""
    return f"{kind}-{os.urandom(9).hex()}-Grüße 👋"


class Canaries(CommandLineCase):
    """Two people who say and do a good deal, and everything that they keep secret."""

    is_cold = True

    def setUp(self) -> None:
        self.bodies: list[str] = []
        self.passwords = [canary("password") for _ in range(6)]
        self.tokens: set[str] = set()
        self.keys: set[bytes] = set()
        self.roots: set[bytes] = set()
        self.factors: set[bytes] = set()

    def body(self) -> str:
        """A new marked message."""
        self.bodies.append(canary("message"))
        return self.bodies[-1]

    async def talk(self, daemon: DaemonProcess) -> None:
        """Register, log in, be refused, talk, misbehave, log out."""
        ada, eve = self.stranger(daemon, "ada"), self.stranger(daemon, "eve")
        self.tokens.add(await ada.csrf("/register"))
        self.tokens |= {*ada.cookies.values()}
        self.assertEqual(await ada.register(self.passwords[0], FULL_NAME), 303)
        self.assertEqual(await eve.register(self.passwords[1]), 303)
        await self.remember(ada)
        await self.remember(eve)
        mine, theirs = await ada.chat(), await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        for _ in range(30):
            await mine.post(self.body())
        await theirs.post(self.body() * 500)
        await theirs.event(31)
        await self.misbehave(theirs)
        self.keys |= {*mine.room_keys.values(), *theirs.room_keys.values()}
        self.assertTrue(self.keys)

        again = self.stranger(daemon, "ada")
        self.assertEqual(await again.log_in(self.passwords[2]), 401)
        self.assertEqual(await again.log_in(self.passwords[0]), 303)
        await self.remember(again)
        status, _, _ = await again.request(
            "POST", "/logout", {"Origin": daemon.url}, data={"csrf": await self.page_csrf(again)}
        )
        self.assertEqual(status, 303)

    async def misbehave(self, socket: Socket) -> None:
        """Be refused in every way that leaves the connection open, and in one that ends it."""
        mid = new_id()
        self.assertEqual((await socket.post(self.body(), mid=mid))["type"], "posted")
        socket.tell({"type": "post", "id": mid, "room": "general", "body": self.body()})
        await socket.wait_for(lambda frame: frame.get("code") == "id_conflict")
        self.assertEqual((await socket.post(self.body() * 2_000))["code"], "too_large")
        self.assertEqual((await socket.post(self.body(), room="nowhere"))["type"], "error")
        socket.tell({"type": "post", "id": self.body(), "room": self.body(), "body": self.body()})
        await socket.wait_for(lambda frame: frame.get("code") == "bad_command")
        socket.tell(b'{"type": "post", "body": "' + self.body().encode() + b'", "x": NaN}')
        self.assertEqual(await socket.closed, 4400)

    async def remember(self, person: Person) -> None:
        """The secrets of a session."""
        self.tokens |= {*person.cookies.values(), await self.page_csrf(person)}

    async def page_csrf(self, person: Person) -> str:
        """The token in the chat page, wherever it stands there."""
        _, _, page = await person.request("GET", "/")
        found = re.search(r'csrf"[^>]*?(?:value|content)="([^"]{43})"', page)
        assert found, page
        return found[1]

    def learn_roots(self, daemon: DaemonProcess) -> None:
        """The keyring's keys of now."""
        self.roots |= {*read(daemon.data_dir / "keyring.json").roots.keys.values()}

    async def day(self, daemon: DaemonProcess) -> None:
        """What else happens on one day: rooms, invites, replies, new passwords, new keys."""
        bob, eve = self.stranger(daemon, "bob"), self.stranger(daemon, "eve")
        self.assertEqual(await bob.register(self.passwords[3]), 303)
        self.assertEqual(await eve.log_in(self.passwords[1]), 303)
        mine, theirs = await bob.chat(), await eve.chat()
        room = await mine.create_room("den")
        self.tokens.add(await mine.invite(room))
        await self.join(theirs, await mine.invite(room))
        await self.discuss(mine, theirs, room)
        direct = await mine.direct(theirs)
        await mine.subscribe(direct)
        await mine.post(self.body(), room=direct)
        self.keys |= {*mine.room_keys.values(), *theirs.room_keys.values()}
        await mine.done("erase_room", room)
        await self.renew_password(bob)
        await self.add_factor(daemon, bob)
        await self.lose_password(daemon, eve)
        await self.exchange_root_keys(daemon)
        for person in (bob, eve):
            await self.remember(person)
        fields = {"current": self.passwords[5], "written": "erase"}
        self.assertEqual((await eve.submit("/settings/delete", **fields))[0], 303)

    async def join(self, socket: Socket, token: str) -> None:
        self.tokens.add(token)
        await socket.join(token=token)

    async def discuss(self, mine: Socket, theirs: Socket, room: str) -> None:
        """Every kind of thing that is said about a message."""
        await mine.subscribe(room)
        await theirs.subscribe(room)
        said = await mine.post(self.body(), room=room)
        about = {"target": said["seq"]}
        for kind in ("reply", "edit"):
            answer = await mine.post(self.body(), room=room, kind=kind, **about)
            self.assertEqual(answer["type"], "posted")
        await theirs.done("report", room, seq=said["seq"], reason=self.body())
        gone = await mine.post(self.body(), room=room)
        await mine.done("delete", room, seq=gone["seq"])
        await mine.done("kick", room, user=theirs.user_id)

    async def renew_password(self, person: Person) -> None:
        """Mistype the current password, then get it right."""
        for current, status in ((self.passwords[2], 422), (self.passwords[3], 303)):
            new = self.passwords[4]
            fields = {"change": "password", "current": current, "password": new, "confirm": new}
            self.assertEqual((await person.submit("/settings", **fields))[0], status)

    async def add_factor(self, daemon: DaemonProcess, person: Person) -> None:
        """Set up an app, and come in with its code and with a recovery code."""
        app, codes = await set_up(person)
        self.factors |= {app.secret, b32encode(app.secret), *(code.encode() for code in codes)}
        self.factors |= {code.replace("-", "").encode() for code in codes}
        for code in (app.code_now(), codes[0]):
            again = self.stranger(daemon, person.username)
            self.assertEqual(await again.log_in(self.passwords[4]), 303)
            self.tokens |= {*again.cookies.values()}
            self.assertEqual(await second(again, code), 303)
            self.tokens |= {*again.cookies.values()}

    async def lose_password(self, daemon: DaemonProcess, person: Person) -> None:
        """Be given a link to set another one."""
        link = (await self.done(daemon, "admin", "reset", person.username)).strip()
        self.tokens.add(link.rpartition("/")[2])
        new = self.passwords[5]
        path = link.removeprefix(daemon.url)
        self.assertEqual((await person.submit(path, password=new, confirm=new))[0], 303)

    async def exchange_root_keys(self, daemon: DaemonProcess) -> None:
        """By the command line, which shows no key and no text either."""
        self.learn_roots(daemon)
        told = [await self.done(daemon, "keys", "rotate")]
        os.kill(daemon.pid, signal.SIGHUP)
        await self.until(lambda: "the keyring was read again" in daemon.log())
        for words in ("keys rewrap", "keys status", "keys verify", "fsck", "audit tail --json"):
            told += [await self.done(daemon, *words.split())]
        self.assert_nowhere({"command line": "".join(told).encode()}, self.secrets(daemon))

    def secrets(self, daemon: DaemonProcess) -> dict[str, bytes]:
        """Everything that must be nowhere."""
        self.learn_roots(daemon)
        tokens = [token for token in self.tokens if len(token) == 43]
        self.assertGreaterEqual(len(tokens), 6)
        return {
            **named("message", self.bodies),
            **named("password", self.passwords),
            **named("cookie or token", self.tokens),
            **named("token's bytes", [from_b64url(token) for token in tokens]),
            **named("root key", self.roots),
            **named("room key", self.keys),
            **named("second factor", self.factors),
        }

    def process(self, daemon: DaemonProcess) -> dict[str, bytes]:
        """What the machine and the log show of the daemon."""
        proc = Path("/proc", str(daemon.pid))
        return {
            "command line": (proc / "cmdline").read_bytes(),
            "environment": (proc / "environ").read_bytes(),
            "log": daemon.log_path.read_bytes(),
        }

    def assert_nowhere(self, places: dict[str, bytes], secrets: dict[str, bytes]) -> None:
        self.assertEqual(found_in(places, secrets), [])

    def assert_proven(self, places: dict[str, bytes]) -> None:
        """The search would have found them: each of these places shows the full name."""
        for place, content in places.items():
            self.assertIn(FULL_NAME.encode(), content, place)


def files(folder: Path, *but: str) -> dict[str, bytes]:
    """The files below ``folder`` with their bytes."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
    return {str(path): path.read_bytes() for path in paths}
