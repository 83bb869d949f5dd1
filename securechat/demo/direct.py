"""Direct messages: of two, and of three."""

from __future__ import annotations

from .cast import CHAU, LAYLA, MARA, THEO, TOMAS, YIJUN
from .play import DAY, HOUR, React, Say, Scene

WITH_LAYLA = Scene(
    "direct",
    (LAYLA, MARA),
    ended_min=11,
    reader=MARA,
    unread_from="tea",
    acts=(
        Say(LAYLA, "مرحبا مارا، هل وصلت المصابيح الجديدة؟"),
        Say(MARA, "Yes, both boxes. I put them under your table.", 6),
        Say(LAYLA, "ممتاز، شكرًا جزيلًا! 🌟", 2, "", "thanks"),
        React(MARA, "thanks", "❤️"),
        Say(LAYLA, "One is for the reading corner, the shade is `E27`, not `E14`.", 3),
        Say(MARA, "كل شيء جاهز ليوم السبت 😊 (I hope that this says what I think)", DAY),
        Say(LAYLA, "It says “everything is ready for Saturday”. تعلّمت بسرعة!", 4),
        Say(LAYLA, "هل تأتين إلى الشاي بعد العمل؟", 2 * HOUR, "", "tea"),
        Say(LAYLA, "(Tea, after work?)", 1),
    ),
)

WITH_THEO = Scene(
    "direct",
    (THEO, MARA),
    ended_min=2 * DAY + 3 * HOUR,
    acts=(
        Say(THEO, "Dear Mara, may I call you? It is about the cake."),
        Say(MARA, "Of course. In ten minutes?", 3),
        Say(THEO, "Perfect. It is a serious matter.", 1),
    ),
)

OF_THREE = Scene(
    "direct",
    (YIJUN, MARA, CHAU),
    ended_min=7 * HOUR,
    acts=(
        Say(YIJUN, "Tandem on Sunday, with a trailer?"),
        Say(CHAU, "Who sits in the trailer?", 9),
        Say(MARA, "I do. I bring a book.", 2, "", "book"),
        React(CHAU, "book", "📚"),
        React(YIJUN, "book", "😂"),
        Say(YIJUN, "9 h at the bridge, then. Châu, you steer.", 3),
    ),
)

WITH_TOMAS = Scene(
    "direct",
    (MARA, TOMAS),
    ended_min=DAY,
    acts=(
        Say(MARA, "Could you unlock on Saturday? I am late."),
        Say(TOMAS, "I could, if I were not muted everywhere 😄", 1, "", "muted"),
        React(MARA, "muted", "😂"),
        Say(TOMAS, "Yes, of course.", 1),
    ),
)
