"""The people of the demo. All of them are invented."""

from __future__ import annotations

from .play import Person

MARA = "mara"
TOMAS = "tomas.e"
LAYLA = "layla"
CHAU = "minh-chau"
SEUN = "seun"
YIJUN = "yijun"
THEO = "theodora_von_hohenfels"
DEALS = "great-deals"

PEOPLE = (
    Person(MARA, "Mara Lindqvist"),
    Person(TOMAS, "Tomás Echeverría"),
    Person(LAYLA, "ليلى حدّاد"),
    Person(CHAU, "Nguyễn Thị Minh Châu"),
    Person(SEUN, "Olúwaṣeun Adébáyọ̀"),
    Person(YIJUN, "林怡君"),
    Person(THEO, "Theodora Maximiliana von Hohenfels-Wittgenstein zu Oberndorf am See"),
    Person(DEALS, "Great Deals 24/7"),
)
"""The first is the administrator, and the one for whom there is something unread."""

TEAM = (MARA, TOMAS, LAYLA, CHAU, SEUN, YIJUN, THEO)
