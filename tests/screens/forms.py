"""How to get to the pages that are forms."""

from __future__ import annotations

from securechat.demo.cast import CHAU, MARA
from tests.browser.test_joining import setup_path
from tests.support.browser import PASSWORD, Visitor

from .world import REFUSED, World

MOST_TRIES = 3


def _refused(world: World, path: str, **fields: str) -> Visitor:
    """A stranger whose form at ``path`` comes back with what is wrong."""
    visitor = world.stranger()
    visitor.excuse(REFUSED)
    visitor.visit(path)
    visitor.fill(**fields)
    visitor.submit()
    visitor.page.locator("#summary").wait_for()
    return visitor


def _at(world: World, path: str) -> Visitor:
    visitor = world.stranger()
    visitor.visit(path)
    return visitor


def login(world: World) -> Visitor:
    """Nothing typed yet."""
    return _at(world, "/login")


def login_wrong(world: World) -> Visitor:
    """The wrong pair."""
    return _refused(world, "/login", username=MARA, password="not the password")


def login_ended(world: World) -> Visitor:
    """Sent here since the session has ended."""
    return _at(world, "/login?ended")


def login_invited(world: World) -> Visitor:
    """With an invite in the hand."""
    return _at(world, f"/login?join={world.invite.removeprefix('/join/')}")


def login_throttled(world: World) -> Visitor:
    """Too many tries."""
    visitor = world.stranger(world.empty)
    visitor.excuse(REFUSED)
    visitor.visit("/login")
    for _ in range(MOST_TRIES):
        visitor.fill(username=MARA, password="not the password")
        with visitor.page.expect_response("**/login") as answer:
            visitor.submit()
        if answer.value.status == 429:
            return visitor
    raise AssertionError("nobody was throttled")


def login_unavailable(world: World) -> Visitor:
    """The right pair, while nothing can be stored."""
    with world.full():
        return _refused(world, "/login", username=MARA, password=PASSWORD)


def login_without_javascript(world: World) -> Visitor:
    """As a plain form."""
    visitor = world.stranger(java_script_enabled=False)
    visitor.visit("/login")
    return visitor


def register(world: World) -> Visitor:
    """Nothing typed yet."""
    return _at(world, "/register")


def register_typing(world: World) -> Visitor:
    """Some rules are met."""
    visitor = _at(world, "/register")
    visitor.fill(fullname="Ada Lovelace", username="ada", password=PASSWORD, confirm="corr")
    return visitor


def register_errors(world: World) -> Visitor:
    """Everything is wrong."""
    return _refused(world, "/register", username="a!", password="short", confirm="other")


def register_taken(world: World) -> Visitor:
    """Somebody has this name."""
    fields = {"fullname": "Mara Lindqvist", "username": MARA}
    return _refused(world, "/register", **fields, password=PASSWORD, confirm=PASSWORD)


def register_invite_only(world: World) -> Visitor:
    """After setting up so."""
    visitor = world.stranger(world.empty)
    visitor.excuse(REFUSED)
    visitor.visit("/register")
    return visitor


def join(world: World) -> Visitor:
    """An invite, for somebody without an account."""
    return _at(world, world.invite)


def join_signed_in(world: World) -> Visitor:
    """An invite, for somebody with one."""
    visitor = world.person(CHAU)
    visitor.visit(world.invite)
    return visitor


def join_over(world: World) -> Visitor:
    """An invite that is good no more."""
    visitor = world.stranger()
    visitor.excuse(REFUSED)
    visitor.visit("/join/nothing")
    return visitor


def reset(world: World) -> Visitor:
    """A link for a new password."""
    return _at(world, world.reset)


def reset_errors(world: World) -> Visitor:
    """A new password that will not do."""
    return _refused(world, world.reset, password="short", confirm="other")


def setup(world: World) -> Visitor:
    """The first administrator's page."""
    visitor = world.stranger(world.empty)
    visitor.visit(setup_path(world.empty))
    return visitor


def setup_errors(world: World) -> Visitor:
    """The same, filled in badly."""
    visitor = setup(world)
    visitor.excuse(REFUSED)
    visitor.fill(fullname="", username="x", password="short", confirm="other")
    visitor.submit()
    return visitor


def setup_done(world: World) -> Visitor:
    """The same, filled in well."""
    visitor = setup(world)
    visitor.fill(fullname="Ada Lovelace", username="ada", password=PASSWORD, confirm=PASSWORD)
    visitor.submit()
    visitor.page.locator(".qr").wait_for()
    world.set_up(visitor)
    return visitor


def settings(world: World) -> Visitor:
    """What somebody may change about themselves."""
    visitor = world.person()
    visitor.visit("/settings")
    return visitor


def settings_errors(world: World) -> Visitor:
    """The same, with a password that is not the current one."""
    visitor = settings(world)
    visitor.excuse(REFUSED)
    visitor.fill(current="not the secret", password=PASSWORD, confirm=PASSWORD)
    with visitor.page.expect_event("load"):
        visitor.page.locator("#current").press("Enter")
    visitor.page.locator("#current-error").wait_for()
    return visitor


def error(world: World) -> Visitor:
    """A page that does not exist."""
    visitor = world.stranger()
    visitor.excuse(REFUSED)
    visitor.visit("/nothing-here")
    return visitor
