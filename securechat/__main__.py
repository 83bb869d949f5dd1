"""Administration from a shell: ``python -m securechat [options] COMMAND``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.python import usage

from .options import Options

MISUSED = 2
MOST_MESSAGES = 1_000_000
MOST_LINES = 100_000


class _Command(usage.Options):
    """A command with its own line of usage, not its parents' strung together."""

    synopsis = ""
    opt_version = Options.opt_version

    def getSynopsis(self) -> str:
        """The line of usage."""
        return self.synopsis


class _Named(_Command):
    """A command that is told one name."""

    def parseArgs(self, name: str) -> None:  # type: ignore[override]  # Twisted counts them
        """Take the name."""
        self["name"] = name


class Grant(_Named):
    """Make somebody an administrator."""

    synopsis = "Usage: python -m securechat [options] admin grant NAME"
    longdesc = (
        "Makes the person with the user name NAME an administrator of this server and a member of "
        "the room Reports."
    )


class Disable(_Named):
    """Let somebody in no more."""

    synopsis = "Usage: python -m securechat [options] admin disable NAME"
    longdesc = (
        "Lets the person with the user name NAME log in no more and ends all of NAME's sessions; "
        "links that NAME has made work no more. Names, rooms and messages stay."
    )


class Enable(_Named):
    """Let somebody log in again."""

    synopsis = "Usage: python -m securechat [options] admin enable NAME"
    longdesc = "Lets the person with the user name NAME log in again, after admin disable."


class EraseRoom(_Named):
    """Destroy a room."""

    synopsis = "Usage: python -m securechat [options] admin erase-room ROOM"
    longdesc = (
        "Destroys the room with the id ROOM, as it stands in its address behind #room=, and all "
        "that was said in it, for good. Broken off, it is run again, or the daemon goes on with it."
    )


class Erase(_Named):
    """Erase an account."""

    synopsis = "Usage: python -m securechat [options] admin erase [--messages] NAME"
    longdesc = (
        "Erases the account with the user name NAME for good: names, password, sessions, places in "
        "rooms. What NAME wrote stays, without the name, unless --messages says otherwise. Broken "
        "off, the daemon goes on with it. The last administrator is refused."
    )
    optFlags = [["messages", None, "Erase all that NAME wrote, too, in every room."]]


class Reset(_Named):
    """Give somebody a new password."""

    synopsis = "Usage: python -m securechat [options] admin reset NAME"
    longdesc = (
        "Prints a link with which the person with the user name NAME may set a new password, once, "
        "within 24 hours; an earlier link works no more. Hand it over in a way that nobody reads."
    )


class RemoveFactors(_Named):
    """Take somebody's second factors away."""

    synopsis = "Usage: python -m securechat [options] admin remove-factors NAME"
    longdesc = (
        "For somebody who has lost app, passkeys and recovery codes: the person with the user name "
        "NAME logs in with the password alone from then on, and is logged out everywhere. Make "
        "sure first who asks for it."
    )


class Reports(_Command):
    """Read what people have reported."""

    synopsis = "Usage: python -m securechat [options] admin reports"
    longdesc = "Prints every report with the text of the message that it is about."


ADMIN_COMMANDS = {
    "grant": (Grant, "make somebody an administrator"),
    "disable": (Disable, "let somebody log in no more"),
    "enable": (Enable, "let somebody log in again"),
    "erase": (Erase, "erase an account"),
    "erase-room": (EraseRoom, "destroy a room with all that was said in it"),
    "reset": (Reset, "print a one-time link to set a new password"),
    "remove-factors": (RemoveFactors, "take somebody's second factors away"),
    "reports": (Reports, "print what people have reported"),
}


class Admin(_Command):
    """What only whoever holds the machine may do."""

    synopsis = "Usage: python -m securechat [options] admin COMMAND"
    subCommands = [[name, None, *what] for name, what in ADMIN_COMMANDS.items()]

    def postOptions(self) -> None:
        """Refuse to guess what is meant."""
        if self.subCommand is None:
            raise usage.UsageError(f"admin needs a command: {', '.join(ADMIN_COMMANDS)}")


class KeysStatus(_Command):
    """Tell which root keys there are."""

    synopsis = "Usage: python -m securechat [options] keys status"
    longdesc = (
        "Shows the root keys by number: when each was made, how many room keys and second factors "
        "it wraps, how many passwords its pepper went into, and whether it may be retired. Never a "
        "key itself."
    )


class KeysRotate(_Command):
    """Make a new root key."""

    synopsis = "Usage: python -m securechat [options] keys rotate"
    longdesc = (
        "Adds a root key to the keyring file; new room keys and passwords are stored under it. "
        "Then give every machine the new keyring, send every daemon SIGHUP, and run keys rewrap. "
        "Broken off, it is run again."
    )


class KeysRewrap(_Command):
    """Wrap all room keys under the newest root key."""

    synopsis = "Usage: python -m securechat [options] keys rewrap"
    longdesc = (
        "Wraps every room key and second factor that is under an older root key under the newest "
        "one, a few at a time, while people chat. Broken off, it is run again. Exit status 1 where "
        "one does not open, with its name."
    )


class KeysRetire(_Command):
    """Remove an old root key."""

    synopsis = "Usage: python -m securechat [options] keys retire NUMBER"
    longdesc = (
        "Removes the root key with this number from the keyring file, for good, where no room key, "
        "no second factor and no password needs it any more; else it says how many do, and "
        "changes nothing. "
        "Backups of the database from before need it still: see docs/operations.md."
    )

    def parseArgs(self, number: str) -> None:  # type: ignore[override]  # Twisted counts them
        """Take the number."""
        if not number.isascii() or not number.isdigit() or not 0 < int(number) < 1 << 31:
            raise usage.UsageError(f"keys retire {number}: give the number of a root key")
        self["number"] = int(number)


class KeysVerify(_Command):
    """Prove that every key opens."""

    synopsis = "Usage: python -m securechat [options] keys verify"
    longdesc = (
        "Opens every room key and second factor and looks for every password's pepper: exit status "
        "0 when the keyring has what all of them need, 1 otherwise, with their names. Changes "
        "nothing."
    )


class Keys(_Command):
    """The root keys in the keyring."""

    synopsis = "Usage: python -m securechat [options] keys COMMAND"
    subCommands = [
        ["status", None, KeysStatus, "tell which root keys there are"],
        ["rotate", None, KeysRotate, "make a new root key"],
        ["rewrap", None, KeysRewrap, "wrap all room keys under the newest root key"],
        ["retire", None, KeysRetire, "remove an old root key"],
        ["verify", None, KeysVerify, "prove that every key opens"],
    ]

    def postOptions(self) -> None:
        """Refuse to guess what is meant."""
        if self.subCommand is None:
            raise usage.UsageError("keys needs a command: status, rotate, rewrap, retire or verify")


class AuditTail(_Command):
    """Show the newest rows of the audit log."""

    synopsis = "Usage: python -m securechat [options] audit tail [--lines N] [--json]"
    longdesc = (
        "Shows who did what to accounts, rights and keys, the newest last. Proves nothing: that is "
        "what audit verify does."
    )
    optParameters = [["lines", None, 20, "Show so many rows."]]
    optFlags = [["json", None, "An object a line, for machines."]]

    def postOptions(self) -> None:
        """The number, read."""
        typed = str(self["lines"])
        if not typed.isascii() or not typed.isdigit() or not 0 < int(typed) <= MOST_LINES:
            raise usage.UsageError(f"--lines: give a number up to {MOST_LINES}")
        self["lines"] = int(typed)


class AuditVerify(_Command):
    """Prove that the audit log is as it was written."""

    synopsis = "Usage: python -m securechat [options] audit verify"
    longdesc = (
        "Goes through the audit log from its first row: exit status 0 when it is intact, 1 when it "
        "was changed, with the number of the first row that shows it and why, 2 when it could not "
        "be looked at. Changes nothing."
    )


class Audit(_Command):
    """Who did what to accounts, rights and keys."""

    synopsis = "Usage: python -m securechat [options] audit COMMAND"
    subCommands = [
        ["tail", None, AuditTail, "show the newest rows of the audit log"],
        ["verify", None, AuditVerify, "prove that the audit log is as it was written"],
    ]

    def postOptions(self) -> None:
        """Refuse to guess what is meant."""
        if self.subCommand is None:
            raise usage.UsageError("audit needs a command: tail or verify")


class Fsck(_Command):
    """Examine everything that is stored."""

    synopsis = "Usage: python -m securechat [options] fsck"
    longdesc = (
        "Opens every stored event and examines what belongs to it: exit status 0 when all is in "
        "order, 1 when something is damaged, 2 when it could not be examined. Changes nothing."
    )


class Demo(_Command):
    """Fill an empty server with invented people and what they said."""

    synopsis = "Usage: python -m securechat [options] demo [--messages N] [--password-file FILE]"
    longdesc = (
        "Fills an empty server with invented people, rooms and messages, to look at or to measure, "
        "and prints who can log in. Makes database and keyring where there are none; refuses a "
        "server that somebody uses."
    )
    optParameters = [
        ["messages", None, None, "Tell so many more messages, in a room of their own."],
        [
            "password-file",
            None,
            None,
            (
                "File, readable by its owner only, whose first line is everybody's password. "
                "[default: one is made up and printed]"
            ),
        ],
    ]

    def postOptions(self) -> None:
        """The values, read."""
        typed = self["messages"] or "0"
        if not typed.isascii() or not typed.isdigit() or int(typed) > MOST_MESSAGES:
            raise usage.UsageError(f"--messages: give a number up to {MOST_MESSAGES}")
        self["messages"] = int(typed)
        file = self["password-file"]
        self["password-file"] = None if file is None else Path(file).expanduser()


class CommandLine(Options):
    """The options of the daemon, then a command."""

    synopsis = "Usage: python -m securechat [options] COMMAND"
    longdesc = (
        "Works beside a running daemon and without one. Give the options that the daemon is "
        "started with: --config, --data-dir, --database, --keyring …"
    )
    subCommands = [
        ["admin", None, Admin, "administrators, passwords and reports"],
        ["keys", None, Keys, "the root keys: make, exchange and remove them"],
        ["audit", None, Audit, "who did what to accounts, rights and keys"],
        ["fsck", None, Fsck, "examine everything that is stored"],
        ["demo", None, Demo, "fill an empty server with invented people and messages"],
    ]

    def postOptions(self) -> None:
        """The configuration, as the daemon would read it."""
        if self.subCommand is None:
            raise usage.UsageError(
                "what shall be done? admin, keys, audit, fsck or demo; --help says more"
            )
        super().postOptions()

    def getUsage(self, width: int | None = None) -> str:
        """The help."""
        return usage.Options.getUsage(self, width)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line; the exit status."""
    options = CommandLine()
    try:
        options.parseOptions(sys.argv[1:] if arguments is None else arguments)
    except usage.UsageError as error:
        sys.stderr.write(f"securechat: {error}\n")
        return MISUSED
    command = options.subOptions
    if options.subCommand == "fsck":
        from .inspection import inspect

        return inspect(options.config, sys.stdout)
    if options.subCommand == "keys":
        from . import rotation

        number = command.subOptions.get("number")
        return rotation.run(options.config, command.subCommand, number, sys.stdout)
    if options.subCommand == "audit":
        from . import auditing

        asked = command.subOptions
        return auditing.run(
            options.config,
            command.subCommand,
            sys.stdout,
            asked.get("lines", 0),
            bool(asked.get("json")),
        )
    # Only now: they import the reactor.
    if options.subCommand == "demo":
        from .demo.command import run

        return run(options.config, command["messages"], command["password-file"])
    from . import administration

    told = command.subOptions
    return administration.run(
        options.config,
        command.subCommand,
        told.get("name"),
        messages=bool(told.get("messages")),
    )


if __name__ == "__main__":
    sys.exit(main())
