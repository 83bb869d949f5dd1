"""The way to the states: a handful of them, in one or two ways; ``script/screens`` has them all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor

from .camera import Camera, pictures_of
from .table import STATES, State
from .world import World

HANDFUL = ("login-wrong", "room", "rooms", "message-failed", "menu-own", "banner-ended")
PNG = b"\x89PNG"


def unheard_of(world: World) -> Visitor:
    """A page whose script fails, wider than its window."""
    visitor = world.stranger()
    visitor.visit("/login")
    visitor.page.evaluate("document.body.style.width = '400px'; setTimeout(() => nothing(), 0)")
    return visitor


def unreachable(world: World) -> Visitor:
    """A page that is not to be had."""
    visitor = world.stranger()
    visitor.context.set_default_timeout(500)
    visitor.visit("/login")
    visitor.page.locator("#nothing").click()
    return visitor


class Gallery(BrowserCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp()).resolve()
        self.pictures = folder / "pictures"
        self.pictures.mkdir(parents=True)
        self.world = World(folder)
        self.addCleanup(self.world.close)
        self.camera = Camera(self.world, self.pictures)

    def test_a_handful_of_states_is_reached_and_nothing_is_wrong(self) -> None:
        for state in STATES:
            if state.name not in HANDFUL:
                continue
            small = replace(state, widths=state.widths[:1], more=False)
            self.assertEqual(list(self.camera.take(small)), [])
            for name in pictures_of(small):
                content = (self.pictures / f"{name}.png").read_bytes()
                self.assertTrue(content.startswith(PNG), name)

    def test_what_is_wrong_is_told_and_stops_nothing(self) -> None:
        found = list(self.camera.take(State("odd", unheard_of, (320,))))
        self.assertEqual(found[:2], ["odd, 320-light: 80 px too wide"] * 2)
        self.assertIn("nothing is not defined", found[2])
        [found_none] = self.camera.take(State("none", unreachable, (320,)))
        self.assertIn("was not reached", found_none)
