"""Takes a state's pictures in every way, and says what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.support import axe
from tests.support.browser import Visitor

from .table import State
from .world import World

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
HEIGHTS_PX = {320: 640, 768: 1024, 1280: 800}
PHONE_PX = 320
WIDEST_PX = 1280
SIZE = "(({ scrollWidth, scrollHeight }) => [scrollWidth, scrollHeight])(document.documentElement)"
PLAIN = {
    "color_scheme": "light",
    "contrast": "no-preference",
    "forced_colors": "none",
    "reduced_motion": "no-preference",
}
SETTLE_MS = 350
"""Until what moves has come to rest; less than a banner that passes is shown."""


@dataclass(frozen=True)
class Look:
    """One way to see a state: ``name`` is told in the picture's; ``options`` make the browser."""

    name: str
    width: int
    options: dict[str, Any]
    media: dict[str, Any]


def looks(width: int) -> list[Look]:
    """Both schemes at this width, in the browser that has it: a phone is touched."""
    options: dict[str, Any] = {"viewport": {"width": width, "height": HEIGHTS_PX[width]}}
    if width == PHONE_PX:
        options |= {"has_touch": True, "is_mobile": True}
    return [
        Look(f"{width}-{scheme}", width, options, PLAIN | {"color_scheme": scheme})
        for scheme in SCHEMES
    ]


def in_other_colours() -> list[Look]:
    """As few people see it: in colours of their own, with more contrast, without motion."""
    options = {"viewport": {"width": 1280, "height": 800}}
    return [
        Look("forced", 1280, options, PLAIN | {"forced_colors": "active"}),
        Look("contrast", 1280, options, PLAIN | {"contrast": "more"}),
        Look("reduced", 1280, options, PLAIN | {"reduced_motion": "reduce"}),
    ]


def zoomed() -> list[Look]:
    """A window of 1280 pixels at a zoom of 200 %."""
    options = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
    return [Look("zoom", 640, options, PLAIN)]


def groups_of(state: State) -> list[list[Look]]:
    """The looks at ``state``; those that one browser can have without reaching it anew together."""
    groups = [looks(width) for width in state.widths]
    if state.once:
        # Made for the widest: a touched one would stay a phone.
        return [[look for group in reversed(groups) for look in group]]
    if state.more:
        groups += [in_other_colours()] if WIDEST_PX in state.widths else []
        groups += [zoomed()]
    return groups


def pictures_of(state: State) -> list[str]:
    """The names of all pictures of ``state``."""
    return [f"{state.name}-{look.name}" for group in groups_of(state) for look in group]


class Camera:
    """Puts the pictures into ``folder``."""

    def __init__(self, world: World, folder: Path, ask_axe: bool = False) -> None:
        """``ask_axe``: axe-core judges each state too, in both schemes, narrow and wide."""
        self._world = world
        self._folder = folder
        self._ask_axe = ask_axe

    def take(self, state: State) -> Iterator[str]:
        """Take all pictures of ``state``; what was wrong, a sentence each."""
        for group in groups_of(state):
            for why in self._group(state, group):
                yield f"{state.name}, {group[0].name}: {why}"

    def _group(self, state: State, group: list[Look]) -> Iterator[str]:
        """Reach the state once, and look at it in these ways."""
        from playwright.sync_api import Error

        self._world.options = group[0].options
        try:
            visitor = state.reach(self._world)
            for look in group:
                yield from self._look(state, visitor, look)
        except (Error, AssertionError) as error:
            yield f"was not reached: {str(error).splitlines()[0]}"
        yield from self._world.clear()

    def _look(self, state: State, visitor: Visitor, look: Look) -> Iterator[str]:
        page = visitor.page
        page.emulate_media(**look.media)
        page.set_viewport_size(look.options["viewport"])
        page.wait_for_timeout(SETTLE_MS)
        # The chat is as high as its window; whatever is higher is scrolled, and all of it judged.
        is_whole = page.locator("body.chat").count() == 0
        path = self._folder / f"{state.name}-{look.name}.png"
        page.screenshot(path=path, full_page=is_whole)
        width, height = page.evaluate(SIZE)
        if width > look.width:
            yield f"{width - look.width} px too wide"
        if not is_whole and height > look.options["viewport"]["height"]:
            yield f"{height - look.options['viewport']['height']} px too high"
        # axe-core is a script: it judges no page that runs none.
        judged = self._ask_axe and look.name.startswith((f"{PHONE_PX}-", f"{WIDEST_PX}-"))
        if judged and page.evaluate("'theme' in document.documentElement.dataset"):
            yield from (f"{look.name}: {one}" for one in axe.violations(page, least_passes=5))
