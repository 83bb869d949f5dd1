"""The use cases: accounts, rooms, the journal. Coroutines over ports; no sockets, SQL or HTML."""
