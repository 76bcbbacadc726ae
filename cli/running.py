"""A note in the state folder about the running `woa up`, for commands beside it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["RunningNote", "noted", "read_note"]

NAME = "running.json"


@dataclass(frozen=True)
class RunningNote:
    """Where the running product is. It holds secrets: the file is its owner's only."""

    pid: int
    page_url: str
    database_url: str
    token: str
    """Opens its API for as long as it runs."""


@contextmanager
def noted(state_dir: Path, note: RunningNote) -> Iterator[None]:
    """Leave the note for as long as the product runs."""
    path = state_dir / NAME
    path.unlink(missing_ok=True)  # an old one may have other rights
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(note), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_note(state_dir: Path) -> RunningNote | None:
    """The note of a product that lives, else None."""
    try:
        note = RunningNote(**json.loads((state_dir / NAME).read_text()))
        os.kill(note.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return note
