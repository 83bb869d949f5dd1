"""Lets twistd find SecureChat."""

from twisted.application.service import ServiceMaker

securechat = ServiceMaker(
    "SecureChat", "securechat.tap", "A chat that seals every message.", "securechat"
)
