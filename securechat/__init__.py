"""SecureChat: a self-hosted chat whose messages are sealed before they are stored."""

__version__ = "0.1.0.dev0"
