"""Rooms as people use them: made, shared by a link, talked in, and left against one's will."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import DaemonProcess

LINK = "#invite-link"


class Rooms(BrowserCase):
    def invite(self, ada: Visitor) -> str:
        """A link into the open room; its path."""
        ada.details().get_by_role("button", name="Invite by link").click()
        dialog = ada.page.get_by_role("dialog")
        dialog.get_by_text("Up to 10 people").click()
        dialog.get_by_role("button", name="Make a link").click()
        link = dialog.locator(LINK)
        link.wait_for()
        address = link.input_value()
        self.assertTrue(address.startswith(ada.url + "/join/"), address)
        picture = dialog.get_by_alt_text("The link as a QR code")
        self.until(lambda: picture.evaluate("(image) => image.naturalWidth") > 20, ada)
        dialog.get_by_role("button", name="Close").click()
        return address.removeprefix(ada.url)

    def come_by(self, daemon: DaemonProcess, path: str, name: str) -> Visitor:
        """A newcomer registers through the link."""
        visitor = self.visitor(daemon, name)
        visitor.visit(path)
        visitor.fill(fullname=name, username=visitor.username)
        visitor.fill(password=PASSWORD, confirm=PASSWORD)
        visitor.submit()
        return visitor

    def test_a_private_room_a_newcomer_by_link_and_a_removal_seen_live(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("The board")
        self.assertEqual(eve.room_link("The board").count(), 0)
        path = self.invite(ada)
        lin = self.come_by(daemon, path, "Lin Wei")
        lin.open_room("The board")
        lin.say("Here I am.")
        ada.reads("Here I am.")
        ada.add("Eve Moneypenny")
        eve.open_room("The board")
        eve.reads("Here I am.")
        for one in (ada, lin):
            one.page.locator("li.notice-line").get_by_text("added Eve Moneypenny").wait_for()
            self.members_are(one, 3)

        ada.page.get_by_role("button", name="Encrypted by this server").click()
        ada.details().get_by_text("Room key no. 1.").wait_for()
        lin.composer.fill("my own half a thought")
        ada.change_member("Lin Wei", "Remove", "Remove")
        self.removed(lin, "The board", "Here I am.")
        self.assertEqual(lin.page.locator("#gone-words").inner_text(), "my own half a thought")
        lin.open_room("general")
        self.assertNotIn("half a thought", lin.page.content())
        for one in (ada, eve):
            one.page.locator("li.notice-line").get_by_text("Ada Lovelace removed Lin").wait_for()
        ada.details().get_by_text("Room key no. 2.").wait_for()
        eve.say("Only between us.")
        ada.reads("Only between us.")
        self.members_are(ada, 2)
        lin.page.reload()
        lin.in_room("general")
        self.assertNotIn("Only between us.", lin.page.content())
        self.assertEqual(lin.room_link("The board").count(), 0)

    def members_are(self, visitor: Visitor, count: int) -> None:
        rows = visitor.details().locator("#details-members li")
        self.until(lambda: rows.count() == count, visitor)

    def removed(self, lin: Visitor, room: str, *texts: str) -> None:
        """It is told in words, and nothing of the room is left on the page."""
        lin.page.get_by_text("You are no longer in this room.").wait_for()
        self.until(lambda: lin.room_link(room).count() == 0, lin)
        for text in texts:
            self.assertNotIn(text, lin.page.content())
        self.assertFalse(lin.composer.is_visible())

    def test_messages_are_answered_edited_reacted_to_and_deleted_before_all_eyes(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        eve.say("Shall we meet at noon?")
        ada.reads("Shall we meet at noon?")
        ada.choose("Shall we meet at noon?", "Reply")
        ada.say("Gladly.")
        quote = eve.message("Gladly.").locator(".quote")
        self.until(lambda: "Shall we meet at noon?" in quote.inner_text(), eve)

        eve.choose("Shall we meet at noon?", "Edit")
        self.assertEqual(eve.composer.input_value(), "Shall we meet at noon?")
        eve.say("Shall we meet at one?")
        for one in (ada, eve):
            one.reads("Shall we meet at one?")
            self.assertEqual(one.message("Shall we meet at noon?").count(), 0)
        self.until(lambda: "at one?" in quote.inner_text(), eve)
        ada.choose("Shall we meet at one?", "Show edits")
        edits = ada.dialog("Edits")
        self.assertEqual(
            edits.locator(".version").all_text_contents(),
            ["Shall we meet at one?", "Shall we meet at noon?"],
        )
        edits.get_by_role("button", name="Close").click()

        self.reactions(ada, eve)
        eve.choose("Shall we meet at one?", "Delete")
        eve.dialog("Delete this message?").get_by_role("button", name="Delete").click()
        for one in (ada, eve):
            one.page.get_by_text("This message was deleted").wait_for()
            self.assertNotIn("Shall we meet", one.page.content())
        ada.page.reload()
        ada.reads("Gladly.")
        ada.page.get_by_text("This message was deleted by Eve Moneypenny.").wait_for()
        # A reaction that was taken back leaves nothing to see.
        self.assertEqual(len(ada.rows()), 2)
        self.assertNotIn("Shall we meet", ada.page.content())

    def reactions(self, ada: Visitor, eve: Visitor) -> None:
        ada.choose("Shall we meet at one?", "🎉")
        seen = eve.page.get_by_role("button", name="🎉 1: Ada Lovelace")
        seen.click()
        both = ada.page.get_by_role("button", name="🎉 2: You, Eve Moneypenny")
        both.wait_for()
        self.assertEqual(both.get_attribute("aria-pressed"), "true")
        eve.page.get_by_role("button", name="🎉 2").click()
        ada.page.get_by_role("button", name="🎉 1: You").wait_for()

    def test_unread_messages_and_mentions_are_counted_until_they_are_read(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("Garden", "Public")
        eve.say("hello")
        eve.say(f"are you there, @{ada.username}?")
        badges = ada.room_link("general").locator(".badge")
        self.until(lambda: badges.all_text_contents() == ["@1", "2"], ada)
        self.assertEqual(ada.page.title(), "(2) #Garden · SecureChat")
        tab = ada.new_page()
        tab.goto(f"{daemon.url}/#room=general")
        ada.message("hello", tab).wait_for()
        # What one page reads is read on the other too.
        self.until(lambda: badges.count() == 0, ada)
        self.assertEqual(ada.page.title(), "#Garden · SecureChat")
        called = ada.message(f"are you there, @{ada.username}?", tab)
        self.assertIn("calls-me", called.get_attribute("class") or "")

    def test_a_public_room_is_found_joined_archived_and_left(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("Garden", "Public", "Only what comes later")
        ada.say("Nobody is here yet.")
        ada.reads("Nobody is here yet.")
        eve.page.get_by_role("button", name="New conversation").click()
        dialog = eve.dialog("New conversation")
        dialog.get_by_role("searchbox").fill("gard")
        dialog.get_by_role("button", name="Join Garden").click()
        eve.in_room("Garden")
        ada.page.locator("li.notice-line").get_by_text("Eve Moneypenny joined.").wait_for()
        eve.page.get_by_text("You see this room from when you joined.").wait_for()
        self.assertEqual(eve.rows(), [])
        ada.details().get_by_role("button", name="Topic").click()
        topic = ada.dialog("Topic")
        topic.get_by_label("What this room is about").fill("Beans")
        topic.get_by_role("button", name="Save").click()
        eve.page.locator("#room-topic").get_by_text("Beans").wait_for()
        ada.details().get_by_role("button", name="Archive").click()
        ada.page.get_by_role("dialog").get_by_role("button", name="Archive").click()
        for one in (ada, eve):
            one.page.get_by_text("This room is archived: everybody can read it").wait_for()
        eve.details().get_by_role("button", name="Leave").click()
        eve.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
        self.removed(eve, "Garden")
        ada.page.locator("li.notice-line").get_by_text("Eve Moneypenny left.").wait_for()

    def test_an_owner_erases_a_room_by_typing_its_name_and_everybody_is_told(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("The board")
        ada.add("Eve Moneypenny")
        eve.open_room("The board")
        ada.say("A secret of the board.")
        eve.reads("A secret of the board.")
        erase = eve.details().get_by_role("button", name="Erase room")
        self.assertEqual(erase.count(), 0)
        ada.details().get_by_role("button", name="Erase room").click()
        dialog = ada.dialog("Erase The board for good?")
        field = dialog.get_by_label("Type the name of the room to erase it: The board")
        field.fill("the board")
        dialog.get_by_role("button", name="Erase room").click()
        dialog.get_by_text("That is not the name of this room.").wait_for()
        field.fill("The board")
        dialog.get_by_role("button", name="Erase room").click()
        for one in (ada, eve):
            one.page.locator("#gone").get_by_text("This room was erased").wait_for()
            self.assertEqual(one.room_link("The board").count(), 0)
            self.assertNotIn("A secret of the board.", one.page.content())

    def test_an_owner_has_old_messages_erased_and_everybody_is_told_in_words(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("The board")
        ada.add("Eve Moneypenny")
        eve.open_room("The board")
        ada.details().get_by_role("button", name="Erase old messages").click()
        dialog = ada.dialog("How long messages are kept")
        dialog.get_by_text("erase after 30 days").click()
        dialog.get_by_role("button", name="Save").click()
        for one in (ada, eve):
            notices = one.page.locator("li.notice-line")
            notices.get_by_text("has messages here erased after 30 days.").wait_for()
            one.details().get_by_text("Messages are erased after 30 days.").wait_for()

    def test_two_people_write_to_each_other_and_see_the_other_typing(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.page.get_by_role("button", name="New conversation").click()
        dialog = ada.dialog("New conversation")
        dialog.get_by_text("Message people").click()
        dialog.get_by_text("Eve Moneypenny").click()
        dialog.get_by_role("button", name="Write to them").click()
        ada.in_room("Eve Moneypenny")
        ada.say("Only for you.")
        eve.open_room("Ada Lovelace")
        eve.reads("Only for you.")
        eve.composer.press_sequentially("I am wri")
        ada.page.get_by_text("Eve Moneypenny is typing …").wait_for()
        eve.composer.press("Enter")
        ada.reads("I am wri")
        self.until(lambda: ada.page.locator("#typing").inner_text() == "", ada)
        ada.page.go_back()
        ada.in_room("general")
        ada.page.go_forward()
        ada.in_room("Eve Moneypenny")
        self.assertEqual(ada.page.get_by_role("button", name="Leave").count(), 0)

    def test_who_may_do_more_is_offered_more_and_a_muted_person_is_told(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.create_room("The board")
        ada.add("Eve Moneypenny")
        eve.open_room("The board")
        invite = eve.details().get_by_role("button", name="Invite by link")
        self.assertEqual(invite.count(), 0)
        ada.change_member("Eve Moneypenny", "Mute", "Mute")
        eve.page.get_by_text("Ada Lovelace muted Eve Moneypenny.").first.wait_for()
        eve.say("May I?")
        eve.page.locator("li.letter").get_by_text("You are muted in this room.").wait_for()
        ada.details().get_by_text("online · muted").wait_for()
        ada.change_member("Eve Moneypenny", "Unmute", "Unmute")
        ada.change_member("Eve Moneypenny", "Make a moderator", "Make a moderator")
        invite.wait_for()
        eve.page.locator("li.letter").get_by_role("button", name="Retry").click()
        ada.reads("May I?")

        ada.choose("May I?", "Report")
        report = ada.dialog("Report this message")
        report.get_by_label("What is wrong with it?").fill("Nothing")
        report.get_by_role("button", name="Report").click()
        report.get_by_text("It has been reported.").wait_for()
        report.get_by_role("button", name="Close").click()
        ada.change_member("Eve Moneypenny", "Ban", "Ban")
        self.removed(eve, "The board", "May I?")
        ada.details().get_by_text("Banned", exact=True).click()
        ada.details().get_by_role("button", name="Lift the ban of Eve Moneypenny").click()
        ada.page.locator("#details-banned-list").get_by_text("Nobody").wait_for()
