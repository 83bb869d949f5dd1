"""How to get to second factors."""

from __future__ import annotations

import contextlib
import sqlite3

from securechat.demo.cast import PEOPLE
from tests.browser.test_factors import begin, press, set_up
from tests.browser.test_passkeys import Device, add
from tests.support.browser import Visitor

from .world import REFUSED, World

PLAIN, CAREFUL, MODERN = (PEOPLE[n].username for n in (4, 5, 6))
"""One has no second factor, one sets up an app, one adds a passkey."""


def fresh(world: World, username: str = PLAIN) -> Visitor:
    """Somebody who has just logged in: nothing needs to be confirmed."""
    visitor = world.stranger()
    visitor.username = username
    return visitor.log_in()


def _halfway(world: World) -> Visitor:
    visitor = world.stranger()
    visitor.username = CAREFUL
    visitor.excuse(REFUSED)
    if world.app is None:
        world.app, _ = set_up(visitor.log_in())
        visitor.context.clear_cookies()
    begin(visitor)
    return visitor


def security(world: World) -> Visitor:
    """No second factor."""
    visitor = fresh(world)
    visitor.visit("/settings/security")
    return visitor


def security_app(world: World) -> Visitor:
    """An app is offered its secret."""
    visitor = fresh(world)
    visitor.visit("/settings/security?app")
    return visitor


def security_app_wrong(world: World) -> Visitor:
    """The same, after a wrong code."""
    visitor = security_app(world)
    visitor.excuse(REFUSED)
    visitor.fill(code="000000")
    visitor.submit()
    return visitor


def security_codes(world: World) -> Visitor:
    """Recovery codes, shown once."""
    visitor = security_on(world)
    with visitor.page.expect_event("load"):
        visitor.page.get_by_role("button", name="Make new recovery codes").click()
    return visitor


def security_on(world: World) -> Visitor:
    """A second factor, and recovery codes."""
    visitor = _halfway(world)
    assert world.app is not None
    visitor.fill(code=_next_code(world))
    visitor.submit()
    visitor.visit("/settings/security")
    return visitor


def security_passkeys(world: World) -> Visitor:
    """A passkey, used once."""
    visitor = second_passkey(world)
    press(visitor, "Use your passkey")
    visitor.visit("/settings/security")
    return visitor


def second_passkey(world: World) -> Visitor:
    """After the password a passkey is asked for."""
    visitor = world.stranger()
    visitor.username = MODERN
    device = Device(visitor, world.passkeys)
    if not world.passkeys:
        add(visitor.log_in(), "A blue security key from the drawer")
        world.passkeys = device.passkeys
        visitor.context.clear_cookies()
    _forget_counters(world)
    begin(visitor)
    return visitor


def second(world: World) -> Visitor:
    """After the password the code is asked for."""
    return _halfway(world)


def second_wrong(world: World) -> Visitor:
    """The same, after a wrong code."""
    visitor = _halfway(world)
    visitor.fill(code="000000")
    visitor.submit()
    return visitor


def confirm(world: World) -> Visitor:
    """Long after the log-in somebody wants to change factors."""
    visitor = fresh(world)
    _forget_proofs(world)
    visitor.visit("/settings/security")
    return visitor


def settings_confirm(world: World) -> Visitor:
    """Long after the log-in somebody with a second factor looks at the settings."""
    visitor = security_on(world)
    _forget_proofs(world)
    visitor.visit("/settings")
    return visitor


def _next_code(world: World) -> str:
    """A code that counts, however often one was used in this half minute."""
    assert world.app is not None
    with contextlib.closing(sqlite3.connect(world.file(world.demo))) as database:
        database.execute("UPDATE apps SET last_step = 0")
        database.commit()
    return world.app.code_now()


def _forget_counters(world: World) -> None:
    """A device that is plugged in once more has not counted what was done with it meanwhile."""
    with contextlib.closing(sqlite3.connect(world.file(world.demo))) as database:
        database.execute("UPDATE passkeys SET sign_count = 0")
        database.commit()


def _forget_proofs(world: World) -> None:
    with contextlib.closing(sqlite3.connect(world.file(world.demo))) as database:
        database.execute("UPDATE sessions SET proven_ms = 0")
        database.commit()
