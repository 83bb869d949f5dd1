"""The busiest room: a café where people repair what is broken. With all that a message may hold."""

from __future__ import annotations

from .cast import CHAU, LAYLA, MARA, SEUN, THEO, TOMAS, YIJUN
from .play import DAY, HOUR, Delete, Do, Edit, React, Say, Scene

_LONG = (
    "I have thought about the queue at the door, since half of the people who came last month left "
    "again without anybody having looked at what they brought. Most of them wait for one of two "
    "things: for somebody to say whether it can be repaired at all, or for one missing screw. So "
    "let us put one person at the entrance who does nothing but look, with a lamp, a meter and "
    "the box of screws. Whoever can be helped in five minutes is helped there, standing. Whoever "
    "brings something that burns, leaks or hums gets a number and a coffee. And whoever brings a "
    "printer is told the truth at once.\n\n"
    "It costs us one pair of hands, and I believe that it saves us two. I would do it myself in "
    "March and tell you in April what I have learned."
)
_TROUBLE = (
    "It starts like this now:\n"
    "```sh\n"
    "#!/bin/sh\n"
    "# waits for the scale, then prints a label for each thing\n"
    "while read -r grams; do\n"
    '    [ "$grams" -gt 0 ] && print_label "$grams" --printer /dev/usb/lp0 '
    "--font 'DejaVu Sans' --width 62mm --rotate 90\ndone < /dev/ttyUSB0\n"
    "```\n"
    "The `--rotate 90` was what I had forgotten."
)
_LIST = (
    "For Saturday we still need:\n"
    "- the long extension lead\n"
    "- two soldering irons (mine is *dead*)\n"
    "- labels, size 62\n"
    "- somebody who likes talking to strangers\n\n"
    "In this order:\n"
    "1. tables\n2. power\n3. coffee"
)
_WORD = (
    "I have looked up the seal for the machine in our kitchen. It is called "
    "Kaffeevollautomatenbrühgruppenantriebszahnradsicherungsringabdeckkappenhalterung"
    "schnellverschlussersatzdichtungssatzverpackungseinheit, and no, I did not make that up."
)

CAFE = Scene(
    "public",
    (TOMAS, MARA, LAYLA, CHAU, SEUN, YIJUN, THEO),
    name="Repair café",
    topic="Every second Saturday, 10 to 16 h, in the old fire station. Bring what is broken.",
    ended_min=4,
    reader=MARA,
    unread_from="unread",
    acts=(
        Say(TOMAS, "Welcome to the repair café! Say what you can repair, and what you cannot."),
        Do(TOMAS, "make moderator", SEUN),
        Say(SEUN, "Radios, record players, anything with a dial.", 6),
        Say(CHAU, "Sewing machines and zips. Zips above all.", 3),
        Say(YIJUN, "Bicycles 🚲 I cannot repair printers. Nobody can repair printers.", 4, "", "p"),
        React(SEUN, "p", "😂"),
        React(TOMAS, "p", "😂"),
        React(MARA, "p", "💯"),
        Say(LAYLA, "أصلح الساعات والمصابيح، وأستطيع أن أترجم لمن يحتاج.", 12, "", "clocks"),
        Say(LAYLA, "(Clocks and lamps, and I translate for whoever needs it.)", 1),
        Say(MARA, "That makes five trades. I make coffee and keep the list ☕", 4),
        Say(THEO, "I shall bring cake.", 31, "", "cake"),
        React(YIJUN, "cake", "🍰"),
        React(MARA, "cake", "❤️"),
        React(LAYLA, "cake", "❤️"),
        Say(THEO, _LONG, 2 * DAY - 6 * HOUR, "", "queue"),
        React(TOMAS, "queue", "👍"),
        React(CHAU, "queue", "👍"),
        React(SEUN, "queue", "👍"),
        React(MARA, "queue", "👍"),
        Say(SEUN, "“Told the truth at once” should be written above the door.", 9, "queue"),
        Say(TOMAS, "Agreed. I paint the sign.", 2),
        Say(YIJUN, "Where do I find the multimeter?", 3 * HOUR),
        Say(CHAU, "Second shelf, behind the irons.", 5, "", "shelf"),
        Edit("shelf", "Third shelf, behind the irons.", 2),
        Say(YIJUN, "Found it, thank you", 8, "shelf"),
        Say(YIJUN, "and a mouse", 0.5),
        Say(YIJUN, "a living one", 0.5, "", "mouse"),
        React(MARA, "mouse", "😱"),
        React(SEUN, "mouse", "🐭"),
        React(THEO, "mouse", "🐭"),
        React(LAYLA, "mouse", "🧀"),
        Say(MARA, "Please do not repair the mouse.", 2),
        Say(TOMAS, "The door code is 4711", DAY - 5 * HOUR, "", "code"),
        Delete(TOMAS, "code", 1),
        Say(TOMAS, "Sorry, wrong room. And now we have a new code.", 1),
        Say(SEUN, "The label printer for the scale works again, after four evenings.", 2 * HOUR),
        Say(SEUN, _TROUBLE, 3, "", "script"),
        React(YIJUN, "script", "👏"),
        Say(YIJUN, "I take back what I said about printers.", 7, "script"),
        Say(SEUN, "Wait until it is warm outside.", 1),
        Say(
            MARA,
            "> Wait until it is warm outside.\n\nThat goes into the minutes.",
            2,
        ),
        Say(YIJUN, _WORD, 30),
        Say(SEUN, "Of course you did not.", 1),
        Say(
            CHAU,
            "The town sends a photographer on Saturday. Who does **not** want to be in the "
            "picture: tell me, you get the kitchen. More about it at "
            "https://example.org/town/notices/2031/repair-cafe?from=chat#photographer",
            HOUR,
            "",
            "photo",
        ),
        Say(THEO, "Kitchen, please.", 4, "photo"),
        Say(YIJUN, "Kitchen! With cake?", 1, "photo"),
        Say(TOMAS, _LIST, DAY - 4 * HOUR, "", "list"),
        React(LAYLA, "list", "✅"),
        Say(LAYLA, "سأحضر مكواتي لحام غدًا إن شاء الله.", 14, "list"),
        Say(LAYLA, "Both irons come tomorrow.", 1),
        Say(MARA, "I have the lead. The strangers are for @theodora_von_hohenfels.", 3),
        Say(THEO, "With pleasure.", 2),
        Say(CHAU, "Somebody has left a coffee machine at the door, with a letter.", 40),
        Say(CHAU, "“It hums, it leaks, and it has been in the family since 1974. Be kind.”", 1),
        Say(SEUN, "It hums, leaks and has a number, then.", 3, "", "hums"),
        React(CHAU, "hums", "😂"),
        React(MARA, "hums", "😂"),
        React(TOMAS, "hums", "😂"),
        React(THEO, "hums", "☕"),
        Say(MARA, "Can it be saved?", 1),
        Say(SEUN, "If we find the seal.", 2, "", "seal"),
        Say(TOMAS, "There is one in the box in the cellar, I am sure.", 22, "seal", "unread"),
        Say(TOMAS, "@mara, do you have the key to the cellar? Then I look tonight.", 1, "", "key"),
        Say(LAYLA, "الصندوق تحت الدرج، على اليسار.", 6),
        Say(CHAU, "Under the stairs, on the left, says Layla 🙌🏽", 2, "", "left"),
        React(TOMAS, "left", "🙏"),
        React(LAYLA, "left", "👍"),
        Say(TOMAS, "You are all wonderful. Coffee on Saturday, from 1974.", 3),
    ),
)
