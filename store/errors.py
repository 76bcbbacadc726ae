"""What the store raises, and which error of PostgreSQL means which of them."""

import psycopg

__all__ = ["RecordRefusedError", "StoreUnavailableError", "translated"]


class StoreUnavailableError(Exception):
    """PostgreSQL cannot do it now. Nothing was changed; keep the data and try again later."""


class RecordRefusedError(Exception):
    """PostgreSQL refuses the data of this batch. Nothing was changed; a retry cannot help.

    Bisecting the batch finds the record.
    """


# SQLSTATE classes that speak of the data: cardinality, data, integrity, limits of the program.
# Everything else (connection, shutdown, disk, locks, but also rights and missing tables) is
# about the server: a wrong deployment must stop the stream, not drain it into dead letters.
CLASSES_OF_DATA = frozenset({"21", "22", "23", "54"})


def translated(error: psycopg.Error) -> StoreUnavailableError | RecordRefusedError:
    """The error of ours that says what the caller should do. It names the SQLSTATE."""
    state = error.sqlstate
    if state is None:
        refused = isinstance(error, psycopg.DataError)
    else:
        refused = state[:2] in CLASSES_OF_DATA
    kind = RecordRefusedError if refused else StoreUnavailableError
    return kind(f"{type(error).__name__} ({state or 'client'}): {_message(error)}")


def _message(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error) or "the connection was lost"
