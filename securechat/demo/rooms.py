"""The other rooms: general, garden, board, keys, an archived one and one without a message."""

from __future__ import annotations

from .cast import CHAU, DEALS, LAYLA, MARA, SEUN, TEAM, THEO, TOMAS, YIJUN
from .play import DAY, HOUR, Delete, Do, Edit, React, Report, Say, Scene

GENERAL = Scene(
    "public",
    (*TEAM, DEALS),
    ended_min=95,
    acts=(
        Say(MARA, "Hello everybody! This is our own server now. No more lost e-mails.", 2, "", "a"),
        React(TOMAS, "a", "🎉", 3),
        React(CHAU, "a", "🎉"),
        React(SEUN, "a", "🎉"),
        Say(TOMAS, "¡Hola! It works on my old telephone too.", 4),
        Say(CHAU, "Chào cả nhà 👋", 7),
        Say(SEUN, "Good evening from the train. E kú iṣẹ́ o!", 26),
        Say(YIJUN, "大家好！", 3),
        Say(LAYLA, "مرحبًا بالجميع! سعيدة بأن أكون هنا.", 15),
        Say(THEO, "Good evening. Who is who, please?", HOUR),
        Say(
            MARA,
            "Fair question:\n"
            "- Tomás: café, tables, paint\n- Layla: clocks, languages\n- Châu: books, zips\n"
            "- Olúwaṣeun (Seun): radios, this server\n- Yi-jun: bicycles, birds\n- me: the rest",
            9,
            "",
            "who",
        ),
        React(THEO, "who", "🙏"),
        Say(SEUN, "“This server” is in my cellar and hums. It belongs to all of us.", 5, "who"),
        Say(DEALS, "BATTERIES!!! 90 % OFF only today www.example.com/deals", DAY, "", "spam"),
        Report(CHAU, "spam", "Advertising, and the third time today."),
        Delete(MARA, "spam", 4),
        Say(MARA, "Sorry about that. I have spoken with them, and then with the button.", 1),
        Say(YIJUN, "Which button?", 1),
        Say(MARA, "The one behind “Details”.", 1),
        Say(TOMAS, "The members’ meeting is on the 14th at 19 h.", DAY - 3 * HOUR, "", "meet"),
        Edit("meet", "The members’ meeting is on the 14th at 19:30, upstairs.", 6),
        Edit("meet", "The members’ meeting is on the 15th at 19:30, upstairs.", 11),
        React(LAYLA, "meet", "✅"),
        React(CHAU, "meet", "✅"),
        React(YIJUN, "meet", "✅"),
        Say(THEO, "The 15th now, is it?", 3, "meet"),
        Say(TOMAS, "The 15th. I promise.", 1),
        Say(CHAU, "The minutes of last time: https://example.org/minutes/07.pdf", 5 * HOUR),
        Say(LAYLA, "شكرًا! قرأتها كلها في القطار.", 50),
        Say(
            SEUN,
            "I restart the server at 23 h. Nobody will notice.",
            DAY - 7 * HOUR,
            "",
            "r",
        ),
        Say(YIJUN, "I noticed. For a second.", 6 * HOUR, "r"),
        Say(SEUN, "You were awake?!", 1),
        Say(YIJUN, "Owls 🦉", 1, "", "owls"),
        React(SEUN, "owls", "🦉"),
        React(MARA, "owls", "🦉"),
        Say(THEO, "Thank you all for yesterday. It was a good evening.", 9 * HOUR),
        Say(MARA, "It was. There is cake left in the office!", 3, "", "left"),
        React(YIJUN, "left", "🏃"),
        Say(YIJUN, "There *was* cake left in the office.", 14, "left"),
    ),
)

GARDEN = Scene(
    "public",
    (CHAU, MARA, LAYLA, THEO, YIJUN, DEALS),
    name="Garden",
    topic="Beans, bees and the neighbours’ goat",
    ended_min=3 * HOUR,
    reader=MARA,
    unread_from="goat",
    acts=(
        Say(CHAU, "The beans are up!", 2, "", "beans"),
        React(LAYLA, "beans", "🌱"),
        React(MARA, "beans", "🌱"),
        Say(LAYLA, "أخيرًا! سقيتها كل مساء.", 5, "beans"),
        Say(THEO, "The roses have greenfly. Advice?", HOUR),
        Say(LAYLA, "صابون سائل وماء، مرّتين في الأسبوع.", 11),
        Say(CHAU, "Soft soap and water, twice a week, and patience.", 2),
        Say(DEALS, "ROSES!!! Plastic, eternal, 90 % OFF", 30, "", "spam"),
        Delete(CHAU, "spam", 2),
        Do(CHAU, "ban", DEALS, after=0.5),
        Say(YIJUN, "Rain from Thursday on. Who closes the frames?", DAY),
        Say(THEO, "I do.", 12),
        Say(CHAU, "The goat is back", DAY - 2 * HOUR, "", "goat"),
        Say(CHAU, "it looks at the beans", 1),
        Say(THEO, "Keep talking to it. I am on my way.", 2),
        Say(CHAU, "It does not like being talked to", 1),
        Say(YIJUN, "🐐", 1),
    ),
)

BOARD = Scene(
    "private",
    (MARA, TOMAS, THEO),
    name="Board",
    topic="What the three of us have to decide",
    ended_min=26 * HOUR,
    acts=(
        Say(MARA, "The insurance wants a list of all tools above 200 €."),
        Say(TOMAS, "We have four. Two belong to me.", 8),
        Say(THEO, "Then it is a short list. I write it.", 4),
        Say(TOMAS, "Rent goes up by 3 % in May. I think we can carry it.", DAY, "", "rent"),
        Say(MARA, "With the money from the fair, yes.", 13, "rent"),
        React(THEO, "rent", "👍"),
        Do(MARA, "mute", TOMAS, after=3),
        Say(MARA, "Tomás asked me to try what muting does. It mutes.", 1),
    ),
)

KEYS = Scene(
    "private",
    (SEUN, TOMAS),
    name="Keys and codes",
    topic="Whoever joins sees what follows, not what was",
    history="joined",
    ended_min=20 * HOUR,
    acts=(
        Say(SEUN, "The old code was 1893. We change it on Monday."),
        Say(TOMAS, "Good. Let us take Mara in once it is changed.", 3),
        Say(SEUN, "Changed.", 2 * DAY),
        Do(SEUN, "add", MARA),
        Say(SEUN, "Hello Mara! The code is on the paper that I gave you, and nowhere else.", 2),
        Say(MARA, "Learned by heart, and eaten.", 5, "", "eaten"),
        React(SEUN, "eaten", "🫡"),
        Say(TOMAS, "Spare keys: one with me, one with Theodora.", 9),
    ),
)

FAIR = Scene(
    "public",
    (YIJUN, MARA, TOMAS, CHAU, SEUN),
    name="Summer fair",
    topic="It is over, and it was good",
    ended_min=2 * DAY,
    acts=(
        Say(YIJUN, "Who builds up on Friday?"),
        Say(TOMAS, "Me, from 15 h.", 4),
        Say(SEUN, "Me too. I bring the big speakers.", 2),
        Say(CHAU, "Not too big, please 🙂", 1),
        Say(MARA, "842 € and 50 ct, counted twice. Thank you, all of you!", DAY, "", "sum"),
        React(YIJUN, "sum", "🎉"),
        React(TOMAS, "sum", "🎉"),
        React(CHAU, "sum", "🎉"),
        React(SEUN, "sum", "🔊"),
        Say(YIJUN, "I close this room then. Until next year!", 3 * HOUR),
        Do(YIJUN, "archive", after=2),
    ),
)

SHED = Scene(
    "private",
    (MARA, SEUN),
    name="Working group on the reorganisation of tool shed and cellar",
    ended_min=30,
    acts=(),
)
