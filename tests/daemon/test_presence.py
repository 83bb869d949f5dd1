"""Who is online is shown to those who share a room with them."""

from __future__ import annotations

from tests.support.client import Socket

from .rooms_case import RoomsCase


class Presence(RoomsCase):
    async def test_people_see_each_other_come_and_go(self) -> None:
        ada, eve = await self.people("ada", "eve")
        await ada.subscribe()
        await self.shown(ada, ada, eve)
        kim = await self.connect("kim")
        again = await self.connect("kim")
        await self.shown(ada, ada, eve, kim)
        await kim.subscribe()
        await self.shown(kim, ada, eve, kim)
        await eve.close()
        await kim.close()
        await self.shown(ada, ada, again)
        await again.close()
        await self.shown(ada, ada)

    async def test_only_members_of_the_room_are_shown(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.create_room("den")
        await ada.add(room, eve)
        await ada.subscribe(room)
        await self.shown(ada, ada, eve, room=room)
        await ada.add(room, kim)
        await self.shown(ada, ada, eve, kim, room=room)
        await ada.done("kick", room, user=eve.user_id)
        await self.shown(ada, ada, kim, room=room)

    async def shown(self, viewer: Socket, *people: Socket, room: str = "general") -> None:
        """Wait until these are whom ``viewer`` sees as online."""
        expected = {one.user_id for one in people}

        def seen() -> bool:
            frames = [one for one in viewer.of("presence") if one["room"] == room]
            return bool(frames) and set(frames[-1]["online"]) == expected

        await self.until(seen)
