"""How to get to all that is said about the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import Visitor

from .chat import CAFE, at, go
from .world import World

if TYPE_CHECKING:
    from playwright.sync_api import Route

LOST, RESTARTING, SESSION_ENDED, NOT_UNDERSTOOD = 1011, 1012, 4401, 4400
FLOODING = 4429
"""After which a page waits for five seconds."""


def _said(visitor: Visitor, words: str) -> Visitor:
    """Wait until the banner says so."""
    visitor.page.locator("#banner").filter(has_text=words).wait_for()
    return visitor


def _ended(world: World, code: int, words: str) -> Visitor:
    visitor = at(world, CAFE)
    visitor.composer.fill("half a thought")
    world.wire.dead = True
    world.wire.end(code)
    return _said(visitor, words)


def connecting(world: World) -> Visitor:
    """For the first time, and nobody answers."""
    visitor = world.person()
    world.wire.dead = True
    visitor.visit()
    return _said(visitor, "Connecting")


def reconnecting(world: World) -> Visitor:
    """Again, and nobody answers."""
    return _ended(world, LOST, "Reconnecting")


def waiting(world: World) -> Visitor:
    """No connection, and a while until the next try."""
    return _ended(world, FLOODING, "No connection")


def restarting(world: World) -> Visitor:
    """The daemon has said goodbye."""
    visitor = at(world, CAFE)
    world.wire.dead = True
    world.wire.say({"type": "goodbye", "reason": "restarting", "retry_ms": 60_000})
    world.wire.end(RESTARTING)
    return _said(visitor, "restarting")


def _far_away(route: Route) -> None:
    """The page believes that its daemon is on another machine, so that a network matters."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("&& !loopback", ""))


def offline(world: World) -> Visitor:
    """The network is gone."""
    visitor = world.person()
    visitor.excuse_lost_connections()
    visitor.context.route("**/surroundings.js", _far_away)
    visitor.visit()
    go(visitor, CAFE)
    visitor.page.locator("#rows > li").last.wait_for()
    # What is loaded only when it is wanted is on its way.
    visitor.page.wait_for_load_state("networkidle")
    visitor.context.set_offline(True)
    return _said(visitor, "offline")


def back(world: World) -> Visitor:
    """The connection stands again."""
    visitor = at(world, CAFE)
    world.wire.end(LOST)
    visitor.page.locator("#banner[data-tone=good]").wait_for()
    return visitor


def ended(world: World) -> Visitor:
    """The session has ended elsewhere."""
    return _ended(world, SESSION_ENDED, "session has ended")


def outdated(world: World) -> Visitor:
    """Page and daemon are of different versions."""
    return _ended(world, NOT_UNDERSTOOD, "do not understand")
