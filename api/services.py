"""What the API is given from outside; it opens nothing itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from starlette.requests import HTTPConnection

from api.live import Live
from api.problems import not_found
from api.settings import ApiSettings
from store.outbox import Outbox
from store.reads import Reads
from store.records import Records
from store.tokens import Tokens

__all__ = ["ApiServices", "ReadinessCheck", "Services", "require_orchestrator", "services_of"]

STATIC_DIR = Path(__file__).parent / "static"

ReadinessCheck = Callable[[], Awaitable[Mapping[str, str | None]]]
"""Parts by name, each with what is missing, in words an operator understands, or null."""


async def _nothing_further() -> Mapping[str, str | None]:
    return {}


@dataclass(frozen=True)
class ApiServices:
    """Everything a request may use."""

    reads: Reads
    records: Records
    outbox: Outbox
    tokens: Tokens
    settings: ApiSettings
    clock: Callable[[], datetime]
    registry: CollectorRegistry
    version: str
    readiness: ReadinessCheck = field(default=_nothing_further)
    """What must be ready beside the database, which is always checked."""
    static_dir: Path = STATIC_DIR
    """Folder of the built dashboard; it may be missing."""

    @cached_property
    def live(self) -> Live:
        """Who tells of changes."""
        return Live(self.outbox, self.reads, self.records, self.clock, self.registry)


def services_of(connection: HTTPConnection) -> ApiServices:
    """What the application of a request or WebSocket was given."""
    services = connection.app.state.services
    assert isinstance(services, ApiServices)
    return services


def _services(request: Request) -> ApiServices:
    return services_of(request)


async def require_orchestrator(services: ApiServices, orchestrator_id: UUID) -> None:
    """Raises `ApiError` (404) where there is no such orchestrator."""
    if await services.reads.latest(orchestrator_id) is None:
        raise not_found("orchestrator", orchestrator_id)


Services = Annotated[ApiServices, Depends(_services)]
