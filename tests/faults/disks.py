"""Disks that fill up and get space again: a small tmpfs that only the process under test sees."""

from __future__ import annotations

import contextlib
import errno
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from twisted.internet.threads import deferToThread

from tests.support.client import Socket
from tests.support.mariadb import MariaDB
from tests.support.senders import ROOM

from .killing import stayed
from .result import Result
from .scenario import scenario
from .world import World, start

SMALL_DISK = """
set -e
mkdir -p "$0" "$0.disk"
mount -t tmpfs -o mode=700,size="$1" tmpfs "$0.disk"
cp -a "$0/." "$0.disk"
mount --bind "$0.disk" "$0"
shift
exec "$@"
"""
"""Puts a copy of the folder $0 on a disk of size $1 in its place, then becomes the rest."""

UNSHARED = ("unshare", "--map-root-user", "--mount")


def missing() -> str | None:
    """Why there can be no small disk here; None where there can."""
    with tempfile.TemporaryDirectory() as folder:
        command = on_small_disk(Path(folder, "trial"), "64k", "true")
        try:
            tried = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            return "there is no unshare (Debian's package util-linux)"
    return None if tried.returncode == 0 else f"no mounts for us: {tried.stderr.decode()}"


def on_small_disk(folder: Path, size: str, *program: str) -> tuple[str, ...]:
    """The command that runs ``program`` with ``folder`` on a disk of its own."""
    return *UNSHARED, "sh", "-c", SMALL_DISK, str(folder), size, *program


def inside(pid: int, path: Path) -> Path:
    """Where a process with mounts of its own has ``path``."""
    return Path(f"/proc/{pid}/root{path}")


def fill(folder: Path) -> Path:
    """Use up all space on the disk of ``folder``; the file that has it."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return filler


async def full_for_a_while(world: World, disk: Path) -> None:
    """Fill the disk until posts are refused, read meanwhile, and give the space back."""
    await world.a_while()
    filler = await deferToThread(fill, disk)
    before = {client: client.refusals for client in world.clients}
    await world.until(lambda: any(c.refusals > before[c] for c in world.clients))
    await world.a_while(1, 2)
    socket = world.clients[0].sender.socket
    assert socket is not None
    assert await _can_read(socket), "history could not be read"
    filler.unlink()
    await world.recovered(time.monotonic())


async def _can_read(socket: Socket) -> bool:
    asked = {"type": "history", "id": "page", "room": ROOM, "before": 2**53 - 1, "limit": 50}
    return len((await socket.ask(asked)).get("events", ())) > 0


@scenario("full-disk", "disk full, SQLite", full=20, needs="disk")
async def full_disk_on_sqlite(fault: str, rounds: int, seed: int) -> Result:
    """No ack, reads work, and it goes on when there is space."""
    world = World(seed)
    try:
        daemon = world.add_daemon()
        daemon.program = on_small_disk(daemon.data_dir, f"{48 + 16 * rounds}m", *daemon.program)
        await start(daemon)
        world.seen = lambda path: _copied(inside(daemon.pid, path), world.folder / "copy")
        await world.populate()
        for client in world.clients:
            client.sender.padding = " " * 4000
        for _ in range(rounds):
            await full_for_a_while(world, inside(daemon.pid, daemon.data_dir))
        return stayed(world, await world.judge(fault, rounds))
    finally:
        await world.close()


def _copied(source: Path, target: Path) -> Path:
    # SQLite would follow /proc/…/root to our own root; nobody writes by now.
    return Path(shutil.copytree(source, target))


@scenario("full-disk-mariadb", "disk full, MariaDB", full=10, needs="disk")
async def full_disk_on_mariadb(fault: str, rounds: int, seed: int) -> Result:
    """The same where it is the database server's disk."""
    server = MariaDB()
    await deferToThread(server.start)
    await deferToThread(server.stop)
    server.program = on_small_disk(server.datadir, f"{400 + 16 * rounds}m", *server.program)
    await deferToThread(server.start)
    world = World(seed, server)
    try:
        await start(world.add_daemon(*world.database()))
        await world.populate()
        for client in world.clients:
            client.sender.padding = " " * 4000
        for _ in range(rounds):
            await full_for_a_while(world, inside(server.pid, server.datadir))
        return stayed(world, await world.judge(fault, rounds))
    finally:
        await world.close()
        await deferToThread(server.remove)
