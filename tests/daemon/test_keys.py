"""Root keys are made, exchanged and removed while people chat."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import signal
import subprocess
import termios
from functools import partial

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from securechat import keyfile
from securechat.core.encoding import b64url
from securechat.roots import LOOK_AGAIN_S
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess
from tests.support.senders import history

from .keys_case import READ, KeysCase, keyring_of
from .several import SeveralCase, SteadyClient

REFUSED = "the keyring is not taken"


class WhilePeopleChat(KeysCase):
    async def test_a_root_key_is_replaced_and_nobody_notices(self) -> None:
        daemon = self.new_daemon(*NO_PACE).start()
        visitors = [await self.newcomer(daemon, name) for name in ("ada", "eve", "lin")]
        clients = await self.chatting(visitors)
        old = keyfile.read(keyring_of(daemon)).keys[1]
        for step in (("rotate",), (), ("rewrap",), ("verify",)):
            if step:
                await self.keys(daemon, *step)
            else:
                await self.hang_up(daemon)
            await self.more(clients)
        status, _, errors = await self.command(daemon, "keys", "retire", "1")
        self.assertEqual(status, 1)
        self.assertIn("3 passwords to move when their owners log in (ada, eve, lin)", errors)
        await self.log_in_again(visitors)
        self.assertIn("nothing needs it", await self.keys(daemon, "status"))
        await self.keys(daemon, "retire", "1")
        await self.more(clients)
        await self.hang_up(daemon)
        await self.more(clients)
        await self.hold_against_history(clients)

        self.assertEqual(list(keyfile.read(keyring_of(daemon)).keys), [2])
        self.assertNotIn(b64url(old), keyring_of(daemon).read_text())
        await self.keys(daemon, "verify")
        await self.done(daemon, "fsck")
        # What begins from now on needs nothing of the old one.
        newcomer = await (await self.person(daemon, "kim")).chat()
        room = await newcomer.create_room()
        await newcomer.post("under the new key", room)
        await deferToThread(daemon.stop)
        daemon.start()
        self.assertEqual(await self.stranger_like(visitors[0]).log_in(), 303)
        await history(await visitors[0].chat())
        self.assertNotIn("Traceback", daemon.log())
        for key in (old, keyfile.read(keyring_of(daemon)).keys[2]):
            self.assertNotIn(b64url(key), daemon.log())

    async def test_a_form_that_was_open_meanwhile_is_taken(self) -> None:
        daemon = self.new_daemon().start()
        ada = self.stranger(daemon, "ada")
        csrf = await ada.csrf("/register")
        await self.keys(daemon, "rotate")
        await self.hang_up(daemon)
        fields = {"fullname": "Ada", "username": "ada", "password": "a long secret of hers"}
        fields |= {"confirm": fields["password"], "csrf": csrf}
        status = (await ada.request("POST", "/register", {"Origin": daemon.url}, data=fields))[0]
        self.assertEqual(status, 303)
        self.assertIn("root key 2: made", await self.keys(daemon, "status"))

    async def test_a_bad_keyring_is_refused_and_the_one_before_stays(self) -> None:
        daemon = self.new_daemon().start()
        socket = await (await self.person(daemon, "ada")).chat()
        await socket.post("before")
        path, good = keyring_of(daemon), keyring_of(daemon).read_text()
        for bad in ("{", good.replace('"1": "', '"7": "')):
            path.write_text(bad)
            await self.hang_up(daemon, told=REFUSED)
        path.unlink()
        await self.hang_up(daemon, told=REFUSED)
        path.touch(0o600)
        path.write_text(good)
        path.chmod(0o640)
        await self.hang_up(daemon, told=REFUSED)
        await socket.subscribe()
        await socket.post("after")
        self.assertEqual(await socket.read(2), "after")
        path.chmod(0o600)
        await self.hang_up(daemon)

    async def test_a_daemon_that_was_not_told_finds_the_new_key_by_itself(self) -> None:
        daemon = self.new_daemon().start()
        await (await (await self.person(daemon, "ada")).chat()).post("before")
        await deferToThread(daemon.stop)
        # It has opened nothing yet when everything moves on.
        daemon.start()
        for step in ("rotate", "rewrap"):
            await self.keys(daemon, step)
        eve = await (await self.person(daemon, "eve")).chat()
        await eve.subscribe()
        self.assertEqual(await eve.read(1), "before")
        await self.until(lambda: READ in daemon.log())


class OnACredential(KeysCase):
    async def test_the_keyring_may_be_a_credential_of_systemd(self) -> None:
        daemon = self.new_daemon().start()
        await deferToThread(daemon.stop)
        folder = daemon.folder / "credentials"
        folder.mkdir(0o700)
        origin, credential = keyring_of(daemon), folder / "securechat-keyring"
        shutil.copy(origin, credential)
        origin.rename(daemon.folder / "keyring.json")
        credential.chmod(0o440)
        daemon.environ["CREDENTIALS_DIRECTORY"] = str(folder)
        daemon.start()
        await self.person(daemon, "ada")
        self.assertFalse(origin.exists())
        # The command has its file by name, as an operator has it.
        named = ("--keyring", str(daemon.folder / "keyring.json"), "keys")
        for step in ("rotate", "rewrap", "verify"):
            self.assertEqual((await self.command(daemon, *named, step))[0], 0)


class OnSeveralDaemons(SeveralCase, KeysCase):
    """Each has a keyring file of its own, as on machines of their own."""

    async def test_distributed_told_rewrapped_and_retired_nobody_notices(self) -> None:
        name = self.server.fresh_database()
        for number in range(2):
            daemon = self.on(name, *NO_PACE, "--bus", self.redis.url)
            if number:
                daemon.data_dir.mkdir(0o700)
                shutil.copy2(keyring_of(self.daemons[0]), keyring_of(daemon))
            self.daemons.append(daemon)
            first = self.daemons[0]
            daemon.options += ("--public-url", f"http://localhost:{first.port}")
            daemon.start()
        first, second = self.daemons
        visitors = [
            await self.visitor(name, n % 2) for n, name in enumerate(("ada", "eve", "lin", "kim"))
        ]
        clients = self.clients(visitors, SteadyClient)
        await self.more(clients)

        await self.keys(first, "rotate")
        self.distribute()
        await self.hang_up(first, second)
        await self.more(clients)
        await self.keys(second, "rewrap")
        await self.more(clients)
        await self.log_in_again(visitors)
        await self.keys(first, "retire", "1")
        # Known as retired before every daemon has heard of it.
        await self.more(clients)
        self.distribute()
        await self.hang_up(first, second)
        await self.more(clients)
        await self.hold_against_history(clients)
        for daemon in self.daemons:
            self.assertEqual(list(keyfile.read(keyring_of(daemon)).keys), [2])
            await self.keys(daemon, "verify")
            self.assertNotIn("Traceback", daemon.log())
        await self.done(first, "fsck")

    async def test_a_daemon_that_hears_of_a_rotation_last_reads_its_file_by_itself(self) -> None:
        name = self.server.fresh_database()
        first = self.on(name, *NO_PACE).start()
        second = self.on(name, *NO_PACE, "--public-url", f"http://localhost:{first.port}")
        second.data_dir.mkdir(0o700)
        shutil.copy2(keyring_of(first), keyring_of(second))
        second.start()
        self.daemons += [first, second]
        ada = await self.visitor("ada", 0)
        here = await ada.chat()
        self.move(ada, 1)
        there = await ada.chat()
        await self.keys(first, "rotate")
        await self.hang_up(first)
        room = await here.create_room("new")
        await here.post("sealed under the second", room)
        # Its file is not there yet: for later, not damaged for good.
        answer = await there.post("too early", room)
        self.assertEqual((answer["type"], answer.get("code")), ("error", "unavailable"))
        self.distribute()
        await deferLater(reactor, LOOK_AGAIN_S)
        posted = await there.post("in time", room)
        self.assertEqual(posted["type"], "posted")
        await there.subscribe(room)
        self.assertEqual(await there.read(posted["seq"], room), "in time")
        await self.until(lambda: READ in second.log())

    def distribute(self) -> None:
        """The first machine's keyring becomes the others'."""
        newest = keyfile.read(keyring_of(self.daemons[0]))
        for daemon in self.daemons[1:]:
            keyfile.replace(keyring_of(daemon), newest)


class TheTerminal(KeysCase):
    is_cold = True

    def begin(self, daemon: DaemonProcess, terminal: int) -> subprocess.Popen[bytes]:
        """The daemon as it is started by hand in this terminal."""
        return subprocess.Popen(
            daemon.command(),
            cwd=daemon.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=terminal,
            stdout=daemon.log_path.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(fcntl.ioctl, 0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
        )

    async def test_its_end_is_the_daemons_and_any_other_hangup_is_not(self) -> None:
        daemon = self.new_daemon()
        ours, theirs = pty.openpty()
        process = await deferToThread(self.begin, daemon, theirs)
        self.addCleanup(process.kill)
        os.close(theirs)
        await self.until(lambda: "ready at" in daemon.log(), 30)
        process.send_signal(signal.SIGHUP)
        await self.until(lambda: READ in daemon.log())
        os.close(ours)
        self.assertEqual(await deferToThread(process.wait, 20), 0)
        self.assertIn("everything is stored; goodbye", daemon.log())
