"""node with its package ws, as most JavaScript chats are built."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from .base import BrokenError, Peer, Place

WS = "ws@8.18.0"
SERVER = Path(__file__).with_name("ws.cjs")


class NodeWs(Peer):
    """``send`` to each."""

    name = "node-ws"
    speaks_tls = True
    debian = {"node": "nodejs", "npm": "npm"}

    def install(self, cache: Path) -> None:
        folder = cache / "node"
        if (folder / "node_modules" / "ws").is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        done = subprocess.run(
            ["npm", "install", "--prefix", str(folder), *quiet, WS], check=False, timeout=300
        )
        if done.returncode:
            raise BrokenError(f"npm cannot install {WS}")

    def command(self, place: Place, port: int) -> Sequence[str]:
        words = ["node", str(SERVER), str(port)]
        if place.certificates is not None:
            words += [str(place.certificates.chain), str(place.certificates.key)]
        return words

    def environ(self, place: Place) -> dict[str, str]:
        return {"NODE_PATH": str(place.cache / "node" / "node_modules")}
