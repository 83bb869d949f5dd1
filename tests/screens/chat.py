"""How to get to the states of the chat page: rooms, messages, the field to write in."""

from __future__ import annotations

from typing import Any

from securechat.demo.cast import LAYLA, MARA, SEUN, THEO, YIJUN
from tests.support.browser import Visitor

from .forms import setup_done
from .world import World

CAFE = "Repair café"
TO_TOP = "(one) => one.scrollTo(0, 0)"


def at(world: World, name: str, username: str = MARA) -> Visitor:
    """Somebody in the room of this name, all of its newest page there."""
    visitor = world.person(username)
    visitor.visit()
    go(visitor, name)
    visitor.page.locator("#rows > li").last.wait_for()
    return visitor


def go(visitor: Visitor, name: str) -> None:
    """To the room of this name, by its address: in the narrow layout its link is not in sight."""
    link = visitor.room_link(name)
    link.wait_for(state="attached")
    visitor.page.evaluate("(hash) => { location.hash = hash; }", link.get_attribute("href"))
    visitor.in_room(name)


def message(visitor: Visitor, text: str) -> Any:
    """The newest stored message that has these words itself, not in what it quotes."""
    said = visitor.page.locator(".body").filter(has_text=text)
    return visitor.page.locator("li.message[data-seq]").filter(has=said).last


def send(visitor: Visitor, text: str) -> None:
    """Write this and press the button: where a finger writes, Enter breaks the line."""
    visitor.composer.fill(text)
    visitor.page.locator("#composer-send").click()


def showing(world: World, name: str, text: str) -> Visitor:
    """In the room, with this message in the middle."""
    visitor = at(world, name)
    visitor.page.locator("#timeline").evaluate(TO_TOP)
    found = message(visitor, text)
    found.wait_for()
    found.evaluate("(one) => one.scrollIntoView({ block: 'center' })")
    return visitor


def room(world: World) -> Visitor:
    """The busiest room, with something unread."""
    visitor = at(world, CAFE)
    visitor.page.locator("li.day.new").wait_for()
    return visitor


def older(world: World) -> Visitor:
    """Somewhere in the middle."""
    return showing(world, CAFE, "Found it, thank you")


def beginning(world: World) -> Visitor:
    """The top of a room."""
    visitor = at(world, "Garden")
    visitor.page.locator("#timeline").evaluate(TO_TOP)
    visitor.page.locator(".in-beginning").wait_for()
    return visitor


def reactions(world: World) -> Visitor:
    """Messages with reactions of many."""
    return showing(world, CAFE, "a living one")


def long_text(world: World) -> Visitor:
    """A long message."""
    return showing(world, CAFE, "I have thought about the queue")


def code(world: World) -> Visitor:
    """Code with a long line."""
    return showing(world, CAFE, "print_label")


def listed(world: World) -> Visitor:
    """Lists."""
    return showing(world, CAFE, "For Saturday we still need")


def long_word(world: World) -> Visitor:
    """A word that fits into no line, and a link that hardly does."""
    return showing(world, CAFE, "Kaffeevollautomaten")


def deleted(world: World) -> Visitor:
    """Where something was deleted and somebody banned."""
    return at(world, "Garden")


def damaged(world: World) -> Visitor:
    """A message that cannot be opened."""
    visitor = at(world, "general")
    visitor.page.locator("li.refused:not(.deleted)").last.wait_for()
    return visitor


def empty(world: World) -> Visitor:
    """The only room of the only person."""
    if not world.is_set_up:
        setup_done(world)
    visitor = world.administrator()
    visitor.visit()
    visitor.page.locator(".in-empty").wait_for()
    return visitor


def new_room(world: World) -> Visitor:
    """A room with a long name in which nobody has said anything."""
    return at(world, "Working group on the reorganisation of tool shed and cellar")


def archived(world: World) -> Visitor:
    """A room that can only be read."""
    visitor = at(world, "Summer fair")
    visitor.page.locator("#closed").wait_for()
    return visitor


def joined(world: World) -> Visitor:
    """A room whose history begins with the reader."""
    visitor = at(world, "Keys and codes")
    visitor.page.locator(".in-joined").wait_for()
    return visitor


def private(world: World) -> Visitor:
    """A private room."""
    return at(world, "Board")


def reports(world: World) -> Visitor:
    """What was reported to the administrators."""
    return at(world, "Reports")


def birds(world: World) -> Visitor:
    """A long log of which nearly all is unread."""
    return at(world, "Bird count")


def right_to_left(world: World) -> Visitor:
    """Two people with two directions of writing."""
    return at(world, "ليلى حدّاد")


def of_three(world: World) -> Visitor:
    """Direct messages of three."""
    visitor = world.person()
    visitor.visit()
    link = visitor.page.locator("#room-groups a").filter(has_text="林怡君")
    link.last.wait_for(state="attached")
    href = link.last.get_attribute("href")
    visitor.page.evaluate("(hash) => { location.hash = hash; }", href)
    message(visitor, "9 h at the bridge").wait_for()
    return visitor


def long_name(world: World) -> Visitor:
    """Direct messages with somebody of a long name."""
    return at(world, "Theodora Maximiliana von Hohenfels-Wittgenstein zu Oberndorf am See")


def sidebar(world: World, username: str = MARA) -> Visitor:
    """The list of rooms on a phone."""
    visitor = at(world, CAFE, username)
    visitor.page.locator("#rooms-show").click()
    visitor.page.locator("#rooms-back").wait_for()
    return visitor


def sidebar_of_layla(world: World) -> Visitor:
    """The same for somebody whose name is written from right to left."""
    return sidebar(world, LAYLA)


def of_layla(world: World) -> Visitor:
    """Her view of the direct messages with Mara."""
    return at(world, "Mara Lindqvist", LAYLA)


def without_javascript(world: World) -> Visitor:
    """The chat page says what it needs."""
    visitor = world.person(java_script_enabled=False)
    visitor.visit()
    return visitor


def focus(world: World) -> Visitor:
    """A message that has the focus by the keyboard."""
    visitor = at(world, CAFE)
    visitor.page.locator("#timeline").focus()
    visitor.page.keyboard.press("End")
    message(visitor, "You are all wonderful").focus()
    return visitor


def hover(world: World) -> Visitor:
    """A message that the mouse points at."""
    visitor = at(world, CAFE)
    message(visitor, "You are all wonderful").hover()
    return visitor


def sending(world: World) -> Visitor:
    """A message that nobody has answered yet."""
    visitor = at(world, CAFE)
    world.wire.lost.add("post")
    send(visitor, "I have the key, and a torch.")
    visitor.page.locator("li.letter").wait_for()
    return visitor


def failed(world: World) -> Visitor:
    """A message that was refused."""
    visitor = at(world, CAFE)
    world.wire.answers["post"] = lambda post: {
        "type": "error",
        "id": post["id"],
        "code": "forbidden",
        "retry": False,
        "text": "You are muted in this room.",
    }
    send(visitor, "I have the key, and a torch.")
    visitor.page.locator("li.letter").get_by_role("button").first.wait_for()
    return visitor


def _chosen(world: World, text: str, item: str) -> Visitor:
    visitor = at(world, CAFE)
    open_menu(visitor, text)
    visitor.page.get_by_role("menuitem", name=item, exact=True).click()
    return visitor


def open_menu(visitor: Visitor, text: str) -> None:
    """The menu of this message, by the keyboard."""
    found = message(visitor, text)
    found.wait_for()
    found.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("menu").wait_for()


def reply(world: World) -> Visitor:
    """An answer that is being written."""
    visitor = _chosen(world, "There is one in the box", "Reply")
    visitor.composer.fill("Then I come along")
    return visitor


def edit(world: World) -> Visitor:
    """One's own message that is being changed."""
    return _chosen(world, "Can it be saved?", "Edit")


def long_draft(world: World) -> Visitor:
    """More lines than the field shows."""
    visitor = at(world, CAFE)
    visitor.composer.fill("\n".join(f"{line}. what I wanted to say" for line in range(1, 15)))
    return visitor


def near_limit(world: World) -> Visitor:
    """Nearly as much as a message may hold."""
    visitor = at(world, CAFE)
    visitor.composer.fill("too long " * 3_640)
    return visitor


def suggested_people(world: World) -> Visitor:
    """Who may be meant."""
    return _suggested(world, "@")


def suggested_emoji(world: World) -> Visitor:
    """Which emoji may be meant."""
    return _suggested(world, ":he")


def _suggested(world: World, begun: str) -> Visitor:
    visitor = at(world, CAFE)
    visitor.composer.press_sequentially(f"Where is {begun}")
    visitor.page.locator("#suggestions [role=option]").first.wait_for()
    return visitor


def typing(world: World) -> Visitor:
    """Two others are writing."""
    visitor = at(world, CAFE)
    for username in (SEUN, THEO):
        own = world.wire
        other = at(world, CAFE, username)
        other.composer.press_sequentially("I wonder")
        world.wire = own
    line = visitor.page.locator("#typing")
    visitor.page.wait_for_function("(one) => one.textContent", arg=line.element_handle())
    return visitor


def loading(world: World) -> Visitor:
    """A room of which nothing is here yet."""
    visitor = world.person()
    world.wire.lost |= {"subscribe", "history"}
    visitor.visit()
    visitor.page.locator(".in-opening").wait_for()
    visitor.page.wait_for_timeout(400)
    return visitor


def older_loading(world: World) -> Visitor:
    """Older messages are on their way."""
    visitor = world.person()
    visitor.visit()
    go(visitor, "Many messages")
    visitor.page.locator("#rows > li").last.wait_for()
    world.wire.lost.add("history")
    visitor.page.locator("#timeline").evaluate(TO_TOP)
    visitor.page.locator(".in-loading").wait_for()
    return visitor


def older_failed(world: World) -> Visitor:
    """Older messages could not be had."""
    visitor = at(world, "Many messages")
    world.wire.answers["history"] = lambda asked: {
        "type": "error",
        "id": asked["id"],
        "code": "internal",
        "retry": False,
        "text": "Something went wrong on the server.",
    }
    visitor.page.locator("#timeline").evaluate(TO_TOP)
    visitor.page.locator(".in-failed").wait_for()
    return visitor


def gap(world: World) -> Visitor:
    """So much was said that some of it is left out."""
    visitor = at(world, "Many messages")
    href = visitor.room_link("Many messages").get_attribute("href") or ""
    world.wire.added["subscribed"] = lambda frame: (
        {"type": "gap", "room": frame["room"], "from": 1, "to": frame["last_seq"] - 50}
        if href.endswith(frame["room"])
        else None
    )
    visitor.page.reload()
    visitor.page.locator("#rows > li").last.wait_for()
    world.wire.dead = True
    world.wire.end(1011)
    visitor.page.locator("#timeline").evaluate(TO_TOP)
    visitor.page.locator(".in-gap").wait_for()
    return visitor


def removed(world: World) -> Visitor:
    """Somebody has put the reader out, who had begun to write."""
    visitor = at(world, "Board")
    visitor.composer.fill("What I wanted to say about the rent:\n- 3 % is too much")
    href = visitor.room_link("Board").get_attribute("href") or ""
    world.wire.say({"type": "removed", "room": href.partition("=")[2]})
    visitor.page.locator(".in-gone").wait_for()
    return visitor


def pill(world: World) -> Visitor:
    """Something new was said while the reader was reading older messages."""
    visitor = at(world, "Bird count")
    visitor.page.locator("#timeline").evaluate("(one) => one.scrollBy(0, -600)")
    visitor.page.wait_for_timeout(300)
    yijun = at(world, "Bird count", YIJUN)
    for bird in ("1 robin", "2 robins", "no, 1 robin and its reflection"):
        send(yijun, bird)
    visitor.page.locator("#pill").wait_for()
    return visitor
