"""The configuration: where settings come from, what they may be, and the whole of them, checked."""

from .loading import Config, ConfigError, load_config

__all__ = ["Config", "ConfigError", "load_config"]
