"""What the daemon sends is standard: two independent libraries open every frame of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from joserfc import jwe
from joserfc.jwk import OctKey

from securechat.core.encoding import b64url
from tests.daemon.test_talking import DaemonCase
from tests.support.client import new_id
from tests.support.daemon import ROOT

BODIES = ["a", "ü" * 60, "🎉", "\x00\n\u2028", "x" * 32_768, *("y" * n for n in range(90, 140))]
SCRIPT = ROOT / "tests" / "js" / "open_with_jose.mjs"


class Standard(DaemonCase):
    options = ("--limit", "posts=0", "--limit", "posts-per-user=0")

    async def test_every_sealed_frame_is_opened_by_joserfc_and_by_jose(self) -> None:
        ada = await self.somebody("ada")
        mine = await ada.chat()
        await mine.subscribe()
        bodies = BODIES
        for body in bodies:
            mine.tell({"type": "post", "id": new_id(), "room": "general", "body": body})
        await mine.event(len(bodies))
        envelopes = [frame["envelope"] for frame in mine.frames if frame["type"] == "event"]
        self.assertEqual(len(envelopes), len(bodies))
        room_key = mine.room_keys["general.1"]
        expected = [{"kind": "text", "body": body} for body in bodies]
        self.assertEqual([opened_by_joserfc(one, room_key) for one in envelopes], expected)
        if os.environ.get("SECURECHAT_TESTS") == "all":
            self.assertEqual(opened_by_jose(envelopes, room_key), expected)


def opened_by_joserfc(envelope: dict[str, str], room_key: bytes) -> object:
    registry = jwe.JWERegistry(algorithms=["A256KW", "A256CBC-HS512"], strict_check_header=False)
    flattened: jwe.FlattenedJSONSerialization = envelope  # type: ignore[assignment]
    opened = jwe.decrypt_json(flattened, OctKey.import_key(room_key), registry=registry)
    assert opened.plaintext is not None
    return json.loads(opened.plaintext)


def opened_by_jose(envelopes: list[dict[str, str]], room_key: bytes) -> list[object]:
    node = shutil.which("node")
    assert node, "node is installed by script/test"
    lines = [json.dumps({"room_key": b64url(room_key), "envelope": one}) for one in envelopes]
    answer = subprocess.run(
        [node, str(SCRIPT)], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in answer.stdout.strip("\n").split("\n")]
