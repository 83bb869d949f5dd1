"""The integrity check on each database, and what only a file can suffer."""

from __future__ import annotations

import tracemalloc

from tests.store import inspection_contract
from tests.store.cases import MariaDBCase, SqliteCase
from tests.store.inspection_contract import ANN


class OnSqlite(inspection_contract.InspectionContract, SqliteCase):
    async def test_a_missing_file_is_told_and_not_made(self) -> None:
        await self.store.stop()
        self.settings.path.unlink()
        status, _ = await self.inspected()
        self.assertEqual((status, self.settings.path.exists()), (2, False))

    async def test_a_file_that_sqlite_itself_cannot_read_is_damaged(self) -> None:
        talk = await self.filled()
        await talk.texts(ANN, 2_000)
        await self.store.stop()
        damaged = bytearray(self.settings.path.read_bytes())
        for page in range(80, len(damaged) // 4096, 5):  # behind those of the schema
            damaged[page * 4096 : page * 4096 + 200] = b"\xff" * 200
        self.settings.path.write_bytes(damaged)
        status, told = await self.inspected()
        self.assertEqual(status, 1, told)

    async def test_memory_does_not_grow_with_the_room(self) -> None:
        talk = await self.filled()
        peaks = []
        for more in (1_000, 4_000):
            await talk.texts(ANN, more)
            await self.inspected()
            tracemalloc.start()
            self.assertEqual((await self.inspected())[0], 0)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        self.assertLess(peaks[1], peaks[0] * 1.3 + 100_000)


class OnMariaDB(inspection_contract.InspectionContract, MariaDBCase):
    pass
