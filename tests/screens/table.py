"""What is photographed: a line a state, with how to get there. One more state is one more line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support.browser import Visitor

from . import banners, chat, dialogs, factors, forms, gone
from .world import World

WIDTHS_PX = (320, 768, 1280)


@dataclass(frozen=True)
class State:
    """A page in a state.

    ``reach`` opens it for a visitor of ``world`` in the size that is asked for. ``widths`` are
    those in which there is such a state (CSS px). ``more``: also in forced colours, with reduced
    motion, and zoomed to 200 %. ``once``: it can be reached only once, and is resized then.
    """

    name: str
    reach: Callable[[World], Visitor]
    widths: Sequence[int] = WIDTHS_PX
    more: bool = False
    once: bool = False


PHONE = (320,)
NARROW = (320, 768)

STATES = (
    State("login", forms.login, more=True),
    State("login-wrong", forms.login_wrong, more=True),
    State("login-ended", forms.login_ended),
    State("login-invited", forms.login_invited),
    State("login-throttled", forms.login_throttled),
    State("login-unavailable", forms.login_unavailable),
    State("login-without-javascript", forms.login_without_javascript),
    State("register", forms.register),
    State("register-typing", forms.register_typing),
    State("register-errors", forms.register_errors, more=True),
    State("register-taken", forms.register_taken),
    State("join", forms.join),
    State("join-signed-in", forms.join_signed_in),
    State("join-over", forms.join_over),
    State("reset", forms.reset),
    State("reset-errors", forms.reset_errors),
    State("setup", forms.setup),
    State("setup-errors", forms.setup_errors),
    State("setup-done", forms.setup_done, once=True),
    State("register-invite-only", forms.register_invite_only),
    State("error", forms.error),
    State("settings", forms.settings, more=True),
    State("settings-errors", forms.settings_errors),
    State("settings-confirm", factors.settings_confirm),
    State("second", factors.second, more=True),
    State("second-wrong", factors.second_wrong),
    State("second-passkey", factors.second_passkey),
    State("security-passkeys", factors.security_passkeys),
    State("confirm", factors.confirm, more=True),
    State("security", factors.security, more=True),
    State("security-on", factors.security_on),
    State("security-app", factors.security_app, more=True),
    State("security-app-wrong", factors.security_app_wrong),
    State("security-codes", factors.security_codes),
    State("delete", gone.delete, more=True),
    State("delete-wrong", gone.delete_wrong),
    State("login-deleted", gone.deleted),
    State("room", chat.room, more=True),
    State("room-older", chat.older),
    State("room-beginning", chat.beginning),
    State("room-reactions", chat.reactions),
    State("room-long-text", chat.long_text),
    State("room-code", chat.code),
    State("room-list", chat.listed),
    State("room-long-word", chat.long_word),
    State("room-deleted", chat.deleted),
    State("room-damaged", chat.damaged),
    State("room-empty", chat.empty),
    State("room-new", chat.new_room),
    State("room-archived", chat.archived),
    State("room-joined", chat.joined),
    State("room-private", chat.private),
    State("room-reports", chat.reports),
    State("room-birds", chat.birds),
    State("direct-right-to-left", chat.right_to_left, more=True),
    State("direct-of-three", chat.of_three),
    State("direct-long-name", chat.long_name),
    State("rooms", chat.sidebar, PHONE),
    State("rooms-right-to-left", chat.sidebar_of_layla, PHONE),
    State("chat-right-to-left-name", chat.of_layla),
    State("chat-without-javascript", chat.without_javascript),
    State("message-focus", chat.focus),
    State("message-hover", chat.hover, (1280,)),
    State("message-sending", chat.sending),
    State("message-failed", chat.failed),
    State("composer-reply", chat.reply),
    State("composer-edit", chat.edit),
    State("composer-long", chat.long_draft),
    State("composer-limit", chat.near_limit),
    State("suggestions-people", chat.suggested_people),
    State("suggestions-emoji", chat.suggested_emoji),
    State("typing", chat.typing),
    State("loading", chat.loading),
    State("older-loading", chat.older_loading),
    State("older-failed", chat.older_failed),
    State("gap", chat.gap),
    State("removed", chat.removed),
    State("details", dialogs.details, more=True),
    State("details-owner", dialogs.details_owner),
    State("details-banned", dialogs.details_banned),
    State("details-direct", dialogs.details_direct),
    State("menu-own", dialogs.menu_own),
    State("menu-other", dialogs.menu_other, more=True),
    State("menu-member", dialogs.menu_member),
    State("switcher", dialogs.switcher, more=True),
    State("help", dialogs.keys),
    State("dialog-find", dialogs.find),
    State("dialog-new-room", dialogs.new_room, more=True),
    State("dialog-people", dialogs.people),
    State("dialog-invite", dialogs.invite),
    State("dialog-invite-link", dialogs.invite_link),
    State("dialog-add", dialogs.add),
    State("dialog-edits", dialogs.edits),
    State("dialog-delete", dialogs.delete),
    State("dialog-report", dialogs.report),
    State("dialog-react", dialogs.react),
    State("dialog-remove", dialogs.remove),
    State("dialog-leave", dialogs.leave),
    State("dialog-erase", gone.erase, more=True),
    State("dialog-erase-other", gone.erase_other),
    State("dialog-retention", gone.retention),
    State("gone-room", gone.erased),
    State("gone-messages", gone.room, more=True),
    State("gone-messages-details", gone.details),
    State("gone-person", gone.direct),
    State("gone-person-details", gone.direct_details),
    State("banner-connecting", banners.connecting),
    State("banner-reconnecting", banners.reconnecting),
    State("banner-waiting", banners.waiting, more=True),
    State("banner-restarting", banners.restarting),
    State("banner-offline", banners.offline),
    State("banner-back", banners.back),
    State("banner-ended", banners.ended),
    State("banner-outdated", banners.outdated),
    # Those that add messages come last, so that the others show the same in every size.
    State("pill", chat.pill),
)
