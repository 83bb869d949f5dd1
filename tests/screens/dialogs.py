"""How to get to panels, menus and dialogs."""

from __future__ import annotations

from typing import Any

from securechat.demo.cast import CHAU
from tests.support.browser import Visitor

from .chat import CAFE, at, open_menu, showing
from .world import World


def details(world: World) -> Visitor:
    """The panel of a room whose member one is."""
    visitor = at(world, CAFE)
    panel(visitor)
    return visitor


def panel(visitor: Visitor) -> Any:
    """The panel beside the timeline, with its members."""
    found = visitor.details()
    found.locator("#details-members li").first.wait_for()
    return found


def details_owner(world: World) -> Visitor:
    """The panel of a room that one owns."""
    visitor = at(world, "Board")
    panel(visitor)
    return visitor


def details_banned(world: World) -> Visitor:
    """Who is banned."""
    visitor = at(world, "Garden", CHAU)
    panel(visitor)
    visitor.page.locator("#details-banned summary").click()
    visitor.page.locator("#details-banned-list li").wait_for()
    return visitor


def details_direct(world: World) -> Visitor:
    """The panel of direct messages."""
    visitor = at(world, "ليلى حدّاد")
    panel(visitor)
    return visitor


def menu_own(world: World) -> Visitor:
    """What may be done with one's own message."""
    visitor = at(world, CAFE)
    open_menu(visitor, "Can it be saved?")
    return visitor


def menu_other(world: World) -> Visitor:
    """What may be done with another's."""
    visitor = at(world, CAFE)
    open_menu(visitor, "You are all wonderful")
    return visitor


def menu_member(world: World) -> Visitor:
    """What may be done with a member."""
    visitor = at(world, "Board")
    panel(visitor).get_by_role("button", name="Change Tomás Echeverría").click()
    visitor.page.get_by_role("menu").wait_for()
    return visitor


def switcher(world: World) -> Visitor:
    """Where to go, by a few letters."""
    visitor = at(world, CAFE)
    visitor.page.keyboard.press("Control+k")
    visitor.page.locator("dialog.switcher [role=option]").first.wait_for()
    return visitor


def keys(world: World) -> Visitor:
    """What the keys do."""
    visitor = at(world, CAFE)
    visitor.page.locator("#timeline").focus()
    visitor.page.keyboard.press("?")
    visitor.page.get_by_role("dialog").wait_for()
    return visitor


def _new(world: World, way: str) -> Visitor:
    """The dialog that begins something, by one of its ways."""
    visitor = at(world, CAFE)
    if visitor.page.locator("#rooms-show").is_visible():
        visitor.page.locator("#rooms-show").click()
    visitor.page.locator("#new").click()
    visitor.dialog("New conversation").get_by_text(way).click()
    return visitor


def find(world: World) -> Visitor:
    """Public rooms."""
    visitor = _new(world, "Find a room")
    visitor.page.get_by_role("dialog").get_by_text("Summer fair").or_(
        visitor.page.get_by_role("dialog").get_by_text("Garden")
    ).first.wait_for()
    return visitor


def new_room(world: World) -> Visitor:
    """A room to be made."""
    visitor = _new(world, "New room")
    visitor.page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Choir")
    return visitor


def people(world: World) -> Visitor:
    """Whom to write to."""
    visitor = _new(world, "Message people")
    visitor.page.get_by_role("dialog").get_by_text("林怡君").wait_for()
    return visitor


def invite(world: World) -> Visitor:
    """How long and how often a link works."""
    visitor = at(world, "Board")
    panel(visitor).get_by_role("button", name="Invite by link").click()
    visitor.page.get_by_role("dialog").wait_for()
    return visitor


def invite_link(world: World) -> Visitor:
    """The link itself."""
    visitor = invite(world)
    visitor.page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    visitor.page.locator("#invite-link").wait_for()
    return visitor


def add(world: World) -> Visitor:
    """Somebody to be taken in."""
    visitor = at(world, "Board")
    panel(visitor).get_by_role("button", name="Add a person").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text("林怡君").wait_for()
    return visitor


def _chosen(visitor: Visitor, text: str, item: str) -> Visitor:
    open_menu(visitor, text)
    visitor.page.get_by_role("menuitem", name=item, exact=True).click()
    visitor.page.get_by_role("dialog").wait_for()
    return visitor


def edits(world: World) -> Visitor:
    """What a message said before."""
    return _chosen(showing(world, "general", "meeting is on the 15th"), "meeting", "Show edits")


def delete(world: World) -> Visitor:
    """Whether it shall really be deleted."""
    return _chosen(at(world, CAFE), "Can it be saved?", "Delete")


def report(world: World) -> Visitor:
    """What is wrong with it."""
    return _chosen(at(world, CAFE), "You are all wonderful", "Report")


def react(world: World) -> Visitor:
    """Any other emoji."""
    return _chosen(at(world, CAFE), "You are all wonderful", "Other …")


def remove(world: World) -> Visitor:
    """Whether somebody shall really be put out."""
    visitor = menu_member(world)
    visitor.page.get_by_role("menuitem", name="Remove", exact=True).click()
    visitor.page.get_by_role("dialog").wait_for()
    return visitor


def leave(world: World) -> Visitor:
    """Whether one shall really leave."""
    visitor = at(world, CAFE)
    panel(visitor).get_by_role("button", name="Leave").click()
    visitor.page.get_by_role("dialog").wait_for()
    return visitor
