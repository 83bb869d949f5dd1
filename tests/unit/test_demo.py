"""The demo as it is written: whole, possible, and in the past."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from securechat.core import names, parsing
from securechat.core.settings import Limits
from securechat.demo import crowd
from securechat.demo.cast import MARA, PEOPLE
from securechat.demo.command import announcement, scenes
from securechat.demo.play import DAY, MINUTE_MS, Do, Edit, Report, Say, Scene, begin_ms, times_ms

NOW_MS = 1_900_000_000_000
NAMES = [person.username for person in PEOPLE]
LIMITS = Limits()


def unknown(scene: Scene) -> list[str]:
    """People who act in the scene and are not in it, and labels that nothing has yet."""
    present, labels, found = set(scene.members), {""}, []
    for act in scene.acts:
        who = "" if isinstance(act, Edit) else act.who
        found += [who] if who and who not in present else []
        if isinstance(act, Say):
            found += [act.to] if act.to not in labels else []
            labels.add(act.label)
        elif isinstance(act, Do):
            if act.what == "add":
                present.add(act.whom)
            found += [act.whom] if act.whom and act.whom not in NAMES else []
        else:
            found += [act.label] if act.label not in labels else []
    return found + ([scene.unread_from] if scene.unread_from not in labels else [])


class Written(SynchronousTestCase):
    def test_everybody_may_be_called_as_they_are_called(self) -> None:
        for person in PEOPLE:
            self.assertEqual(names.fold_username(person.username), person.username)
            self.assertEqual(names.tidy_full_name(person.full_name), person.full_name)
        self.assertEqual(len(set(NAMES)), len(NAMES))
        self.assertEqual(NAMES[0], MARA)

    def test_every_room_and_every_message_may_be_sent(self) -> None:
        for scene in scenes():
            if scene.name:
                self.assertEqual(names.tidy_room_name(scene.name), scene.name)
                self.assertEqual(names.tidy_topic(scene.topic), scene.topic)
            for act in scene.acts:
                if isinstance(act, Say):
                    fields = {"type": "post", "id": "a" * 22, "room": "r", "body": act.text}
                    frame = json.dumps(fields).encode()
                    parsing.parse(frame, False, LIMITS.frame_bytes, LIMITS.body_bytes)

    def test_nobody_acts_from_outside_and_nothing_is_named_before_it_is_said(self) -> None:
        for scene in (*scenes(), crowd.many(50)):
            self.assertEqual(unknown(scene), [], scene.name)
            self.assertLessEqual(set(scene.members), set(NAMES))

    def test_all_that_a_message_may_be_occurs(self) -> None:
        acts = [act for scene in scenes() for act in scene.acts]
        kinds = {type(act).__name__ for act in acts}
        self.assertEqual(kinds, {"Say", "Edit", "React", "Delete", "Report", "Do"})
        said = [act.text for act in acts if isinstance(act, Say)]
        self.assertGreater(len(said), 240)
        for sign in ("```", "`E27`", "- ", "1. ", "> ", "https://", "**", "@mara", "🐐", "مرحبا"):
            self.assertTrue(any(sign in text for text in said), sign)
        self.assertTrue(any(len(word) > 100 for text in said for word in text.split()))
        self.assertEqual({scene.kind for scene in scenes()}, {"public", "private", "direct"})
        self.assertEqual({scene.history for scene in scenes()}, {"all", "joined"})
        self.assertTrue(any(isinstance(act, Report) for act in acts))


class Times(SynchronousTestCase):
    def test_the_last_thing_happens_at_the_end_and_the_others_before_it(self) -> None:
        acts = (Say(MARA, "a", 7), Say(MARA, "b", 2), Say(MARA, "c", 0.5))
        steps_min = [NOW_MS - at_ms for at_ms in times_ms(acts, NOW_MS)]
        self.assertEqual(steps_min, [2.5 * MINUTE_MS, 0.5 * MINUTE_MS, 0])
        self.assertEqual(times_ms((), NOW_MS), [])

    def test_a_room_is_made_before_anything_happens_and_all_within_two_weeks(self) -> None:
        for scene in scenes():
            began_ms = begin_ms(scene, NOW_MS)
            ended_ms = int(NOW_MS - scene.ended_min * MINUTE_MS)
            times = times_ms(scene.acts, ended_ms)
            self.assertEqual([began_ms, *times], sorted([began_ms, *times]))
            self.assertLess(ended_ms, NOW_MS)
            self.assertGreater(began_ms, NOW_MS - 14 * DAY * MINUTE_MS)


class Told(SynchronousTestCase):
    def test_as_many_messages_as_are_asked_for_by_everybody(self) -> None:
        scene = crowd.many(70)
        self.assertEqual(len(scene.acts), 70)
        self.assertEqual({act.who for act in scene.acts if isinstance(act, Say)}, {*scene.members})

    def test_a_password_of_ones_own_is_not_printed(self) -> None:
        self.assertIn("shown only now: abc\n", announcement(3, "http://localhost:8080", "abc"))
        told = announcement(3, "", None)
        self.assertIn("the one in your file", told)
        self.assertTrue(told.startswith("3 messages of 8 people. Log in as\n"), told)
