"""Rooms that are told by counting: a list of birds, and as many messages as are asked for. Pure."""

from __future__ import annotations

from .cast import LAYLA, MARA, SEUN, TEAM, YIJUN
from .play import Say, Scene

BIRDS_SEEN = 140
_WATCHERS = (YIJUN, LAYLA, SEUN, YIJUN, MARA)
_BIRDS = (
    "blackbirds",
    "house sparrows",
    "great tits",
    "jackdaws",
    "swifts",
    "wood pigeons",
    "wrens",
)
_PLACES = (
    "in the yard",
    "behind the fire station",
    "on the wire above the crossing, in one row",
    "by the pond",
    "in the hedge, arguing",
)
_WORDS = (
    "the table by the window is free again",
    "somebody has put flowers on it",
    "which nobody has asked for",
    "but everybody likes",
    "so let us leave them there",
    "until Friday",
)

_RARE = {
    37: "A kingfisher!! By the weir, ten seconds at most.",
    88: "I could not count today: a cat sat on the list.",
    139: "Owl, again. It sits on the aerial and looks at the server.",
}


def birds() -> Scene:
    """A long, calm log, of which the main person has read hardly anything."""
    acts = []
    for number in range(BIRDS_SEEN):
        count = 2 + number * 7 % 11
        seen = _RARE.get(
            number, f"{count} {_BIRDS[number % len(_BIRDS)]} {_PLACES[number % len(_PLACES)]}"
        )
        who = _WATCHERS[number * 3 % len(_WATCHERS)]
        acts.append(Say(who, seen, 1 + number * 13 % 61, "", f"bird {number}"))
    return Scene(
        "public",
        (YIJUN, MARA, LAYLA, SEUN),
        tuple(acts),
        name="Bird count",
        topic="How many, which, and where. No photographs of cats.",
        ended_min=50,
        reader=MARA,
        unread_from="bird 9",
    )


def many(count: int) -> Scene:
    """``count`` short messages by everybody, for measuring."""
    acts = tuple(
        Say(TEAM[number * 5 % len(TEAM)], f"{number + 1}: {_some_words(number)}", 0.5)
        for number in range(count)
    )
    return Scene("public", TEAM, acts, name="Many messages", topic=f"{count} of them", ended_min=1)


def _some_words(number: int) -> str:
    return ", ".join(_WORDS[number % 5 : number % 5 + 1 + number * 7 % 6])
