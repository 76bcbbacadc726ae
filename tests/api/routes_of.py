"""Every route of an application, however its routers are nested."""

from collections.abc import Iterable, Iterator

from fastapi import FastAPI

__all__ = ["paths_of"]

EXAMPLE = "00000000-0000-5000-8000-000000000000"


def paths_of(app: FastAPI) -> set[str]:
    """Paths as they were declared."""
    return set(_paths(app.routes))


def _paths(routes: Iterable[object]) -> Iterator[str]:
    for route in routes:
        path = getattr(route, "path", None)
        if isinstance(path, str):
            yield path
        else:
            # An included router; whatever is neither has no business here.
            yield from _paths(route.original_router.routes)  # type: ignore[attr-defined]  # FastAPI's own
