"""The pure core: nouns, wire frames, keys and errors; nothing here does I/O."""
