"""ejabberd (Erlang): a room of XMPP's multi-user chat that keeps an archive (XEP-0045, XEP-0313).

It stores what is said and lets anonymous people in; it is asked not to tell everybody who comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..load import Plan
from .base import Peer, Place, body, room_words

CONFIG = """\
hosts: [localhost]
loglevel: error
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 65536
    shaper: none
    backlog: 4096
auth_method: [anonymous]
anonymous_protocol: sasl_anon
allow_multiple_connections: true
modules:
  mod_mam: {{default: always, db_type: mnesia}}
  mod_muc:
    host: rooms.localhost
    access: all
    access_create: all
    history_size: 0
    max_users: 100000
    max_user_conferences: 1000
    default_room_options:
      mam: true
      presence_broadcast: []
      max_users: 100000
"""
STREAM = (
    b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client'"
    b" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
OFFERS = b"</stream:features>"
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
BIND = b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
ROOM = b"r$$1$$@rooms.localhost"
NICK = b"/$$2$$'"
ENTER = b"<presence to='" + ROOM + NICK + b"><x xmlns='http://jabber.org/protocol/muc'/></presence>"
MESSAGE = b"<message to='" + ROOM + b"' type='groupchat' id='$$ID$$'><body>%s</body></message>"
OWN = b"from='" + ROOM + NICK + b" type='groupchat'"
"""What a sender's own message comes back with, once it is archived."""


class Ejabberd(Peer):
    """One process a connection and one a room."""

    name = "ejabberd"
    stores = True
    debian = {"ejabberdctl": "ejabberd"}

    def command(self, place: Place, port: int) -> Sequence[str]:
        (place.folder / "ejabberd.yml").write_text(CONFIG.format(port=port))
        # Not through ejabberdctl, which is for the one system-wide server and its user.
        flags = ("+K", "true", "+P", "250000", "+Q", "65536", "-noinput")
        return ["erl", *flags, "-mnesia", "dir", f'"{place.folder}/spool"', "-s", "ejabberd"]

    def environ(self, place: Place) -> dict[str, str]:
        return {
            "ERL_LIBS": "/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu",
            "EJABBERD_CONFIG_PATH": str(place.folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(place.folder / "ejabberd.log"),
            "ERL_CRASH_DUMP": str(place.folder / "crash"),
            "HOME": str(place.folder),
        }

    def plan(self, port: int, connections: int, rooms: int) -> Plan:
        words = room_words(connections, rooms)
        return Plan(
            port=port,
            connections=connections,
            rooms=rooms,
            values=[f"{room} n{number:05d}" for number, room in enumerate(words)],
            steps=[
                (STREAM, OFFERS),
                (AUTH, b"<success"),
                (STREAM, OFFERS),
                (BIND, b"</iq>"),
                (ENTER, b"<subject/></message>"),
            ],
            marker=b"<body>",
            message=MESSAGE % body(),
        )


def posting(plan: Plan) -> Plan:
    """One room in which everybody posts, and counts their own messages as they come back."""
    return replace(plan, rooms=plan.connections, marker=OWN)
