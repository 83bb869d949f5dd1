"""``python -m tests.screens``: takes the gallery, or the picture of the README."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support import axe
from tests.support.daemon import ROOT

from . import index
from .camera import Camera, pictures_of
from .table import STATES, State
from .world import World

GALLERY = ROOT / ".cache" / "screens"
README = ("room", "1280-light", ROOT / "docs" / "chat.png")
"""The state and the look that the README shows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take what is asked for; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="script/screens", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=GALLERY, help="where they are put")
    parser.add_argument("--only", default="", help="states with this in their name")
    parser.add_argument("--axe", action="store_true", help="axe-core judges each state as well")
    parser.add_argument("--readme", action="store_true", help="the picture of the README, no other")
    chosen = parser.parse_args(arguments)
    if chosen.axe and (why := axe.missing()):
        parser.error(why)
    # Whoever ends us ends the daemons too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    states = [one for one in STATES if chosen.only in one.name]
    if chosen.readme:
        states = [one for one in STATES if one.name == README[0]]
    chosen.folder.mkdir(parents=True, exist_ok=True)
    troubles = _take(states, chosen.folder, chosen.axe)
    if chosen.readme and not troubles:
        shutil.copyfile(chosen.folder / f"{README[0]}-{README[1]}.png", README[2])
    for trouble in troubles:
        print(f"wrong: {trouble}")
    print(f"{len(states)} states, {len(troubles)} troubles: {chosen.folder / 'index.html'}")
    return 1 if troubles or not states else 0


def _take(states: Sequence[State], folder: Path, ask_axe: bool) -> list[str]:
    """Every picture of ``states``, and the page of all that lie in the folder; the troubles."""
    troubles = []
    with tempfile.TemporaryDirectory(prefix="securechat-screens-") as temporary:
        world = World(Path(temporary))
        try:
            for state in states:
                began_s = time.monotonic()
                found = list(Camera(world, folder, ask_axe).take(state))
                troubles += found
                verdict = "; ".join(found) or "ok"
                print(f"{state.name}: {verdict} ({time.monotonic() - began_s:.1f} s)", flush=True)
        finally:
            world.close()
    shown = [
        (state, [one for one in pictures_of(state) if (folder / f"{one}.png").exists()])
        for state in STATES
    ]
    (folder / "index.html").write_text(index.page([one for one in shown if one[1]], troubles))
    (folder / "index.css").write_text(index.STYLE)
    return troubles


if __name__ == "__main__":
    sys.exit(main())
