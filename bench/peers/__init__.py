"""The servers that are compared: ourselves, others of our kind, and the limit."""

from __future__ import annotations

from .autobahn import Autobahn, Prepared
from .base import Peer
from .ejabberd import Ejabberd
from .limit import Limit
from .mosquitto import Mosquitto
from .nats import Nats
from .node import NodeWs
from .securechat import SecureChat
from .websockets import Websockets

OURS = SecureChat()
LIMIT = Limit()
AUTOBAHN = Autobahn()
EJABBERD = Ejabberd()

ALL: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        LIMIT,
        OURS,
        AUTOBAHN,
        Prepared(),
        Websockets(),
        NodeWs(),
        Nats(),
        Mosquitto(),
        EJABBERD,
    )
}
