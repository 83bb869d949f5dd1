"""How to get to what is erased, or about to be: rooms, old messages, people."""

from __future__ import annotations

from securechat import keyfile
from securechat.core.keys import RoomKeys
from securechat.core.model import RoomId
from securechat.core.settings import SqliteDatabase
from securechat.store import Store
from tests.browser.test_factors import press
from tests.store.aging import age_events
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import NO_PACE, DaemonProcess

from . import chat, dialogs, factors
from .world import REFUSED, World

ROOM, STAYS, GOES, SILENT = "Flat hunt", "Ada Lovelace", "Eve Moneypenny", "Sam Sparrow"
"""Who goes takes every word along; who is silent leaves the words."""
OLD_MS = 40 * 86_400_000


def delete(world: World) -> Visitor:
    """What happens to an account that is deleted, before it is."""
    visitor = factors.fresh(world)
    visitor.visit("/settings")
    press(visitor, "Delete your account …", "link")
    return visitor


def delete_wrong(world: World) -> Visitor:
    """The same, with a password that is not the current one."""
    visitor = delete(world)
    visitor.excuse(REFUSED)
    visitor.fill(current="not the secret")
    visitor.submit()
    return visitor


def deleted(world: World) -> Visitor:
    """Where somebody lands whose account is gone."""
    visitor = world.stranger()
    visitor.visit("/login?deleted")
    return visitor


def _asked(world: World, button: str) -> Visitor:
    visitor = chat.at(world, "Board")
    dialogs.panel(visitor).get_by_role("button", name=button).click()
    visitor.page.get_by_role("dialog").wait_for()
    return visitor


def erase(world: World) -> Visitor:
    """Whether the room shall really be erased."""
    return _asked(world, "Erase room")


def erase_other(world: World) -> Visitor:
    """The same, with another name than the room's."""
    visitor = erase(world)
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("Type the name").fill("Garden")
    dialog.get_by_role("button", name="Erase room").click()
    dialog.get_by_text("not the name").wait_for()
    return visitor


def retention(world: World) -> Visitor:
    """How long messages shall be kept."""
    return _asked(world, "Erase old messages")


def erased(world: World) -> Visitor:
    """A room that was erased while the reader was writing in it."""
    visitor = chat.at(world, "Board")
    visitor.composer.fill("What I wanted to say about the rent:\n- 3 % is too much")
    href = visitor.room_link("Board").get_attribute("href") or ""
    room = href.partition("=")[2]
    world.wire.say({"type": "removed", "room": room, "reason": "erased"})
    visitor.page.locator(".in-gone").wait_for()
    return visitor


def _left_behind(world: World, name: str) -> Visitor:
    """Somebody whose friends are gone, in this room."""
    if world.farewell is None:
        world.farewell = _part(world)
    visitor = world.stranger(world.farewell)
    visitor.username = "ada.lovelace"
    visitor.log_in()
    chat.go(visitor, name)
    visitor.page.locator("#rows > li").last.wait_for()
    # A wide page brings its panel as well.
    visitor.page.wait_for_load_state("networkidle")
    return visitor


def room(world: World) -> Visitor:
    """What old messages and somebody's words have left in a room."""
    visitor = _left_behind(world, ROOM)
    visitor.page.locator(".in-expired").wait_for()
    return visitor


def details(world: World) -> Visitor:
    """The panel of a room that does not keep its messages."""
    visitor = _left_behind(world, ROOM)
    dialogs.panel(visitor)
    return visitor


def direct(world: World) -> Visitor:
    """Direct messages with somebody whose account is deleted."""
    return _left_behind(world, "Deleted account")


def direct_details(world: World) -> Visitor:
    """Who is said to be in there."""
    visitor = direct(world)
    dialogs.panel(visitor)
    return visitor


def _part(world: World) -> DaemonProcess:
    """A daemon at which somebody has lost friends, and a room its older messages."""
    daemon = world.started(DaemonProcess(world.folder / "farewell", *NO_PACE))
    ada, eve, sam = (Visitor(daemon.url, name).register() for name in (STAYS, GOES, SILENT))
    room, last = _talk(ada, eve, sam)
    daemon.stop()
    _grow_old(daemon, room, last)
    daemon.start()
    for one in (eve, sam):
        one.visit("/settings/delete")
        if one is eve:
            one.page.get_by_text("Erase it too").click()
        one.fill(current=PASSWORD)
        press(one, "Delete for good")
    for one in (ada, eve, sam):
        one.leave()
    return daemon


def _talk(ada: Visitor, eve: Visitor, sam: Visitor) -> tuple[str, int]:
    """The room's id, and the last message that is to be old."""
    ada.create_room(ROOM)
    for one in (eve, sam):
        ada.add(one.full_name)
        one.open_room(ROOM)
    for one, text in ((eve, "Two rooms, by the river."), (sam, "And the rent?")):
        one.say(text)
        one.reads(text)
    last = int(sam.message("And the rent?").get_attribute("data-seq") or 0)
    for one, text in (
        (ada, "Eve, shall we look at it on Saturday?"),
        (eve, "Saturday is good. I bring the tape measure."),
        (sam, "I cannot come, but I hope you get it!"),
    ):
        one.say(text)
        ada.reads(text)
    ada.details().get_by_role("button", name="Erase old messages").click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_text("erase after 30 days").click()
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    room = (ada.room_link(ROOM).get_attribute("href") or "").partition("=")[2]
    _write_to(sam, STAYS, "Good luck with the flat!")
    return room, last


def _write_to(visitor: Visitor, name: str, text: str) -> None:
    visitor.page.get_by_role("button", name="New conversation").click()
    dialog = visitor.dialog("New conversation")
    dialog.get_by_text("Message people").click()
    dialog.get_by_text(name).click()
    dialog.get_by_role("button", name="Write to them").click()
    visitor.in_room(name)
    visitor.say(text)
    visitor.reads(text)


def _grow_old(daemon: DaemonProcess, room: str, last: int) -> None:
    """The room's events up to ``last`` are sealed anew as long ago."""
    store = Store(SqliteDatabase(daemon.data_dir / "securechat.sqlite3"))
    keys = RoomKeys(keyfile.read(daemon.data_dir / "keyring.json"))
    age_events(store, keys, RoomId(room), last, OLD_MS)
