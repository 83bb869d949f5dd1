"""What a database may say no with, in the few words that the store tells apart."""

from __future__ import annotations


class Lost(Exception):
    """The database is away, hangs, is full or read-only: nobody can help it from here.

    ``committing`` is true where COMMIT had been sent, so that the outcome is unknown.
    """

    committing = False


class Contended(Exception):
    """Another transaction was in the way (deadlock, lock wait): the same may succeed at once."""


class Conflict(Exception):
    """The database refuses a row for its own content: a key that exists, a value out of bounds."""


class Denied(Exception):
    """The account or the file lacks a right, or the database does not exist."""


Fault = Lost | Contended | Conflict | Denied
