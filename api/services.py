"""What the API is given from outside; it opens nothing itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from api.problems import not_found
from api.settings import ApiSettings
from store.reads import Reads
from store.records import Records
from store.tokens import Tokens

__all__ = ["ApiServices", "ReadinessCheck", "Services", "require_orchestrator"]

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
    tokens: Tokens
    settings: ApiSettings
    clock: Callable[[], datetime]
    registry: CollectorRegistry
    version: str
    readiness: ReadinessCheck = field(default=_nothing_further)
    """What must be ready beside the database, which is always checked."""
    static_dir: Path = STATIC_DIR
    """Folder of the built dashboard; it may be missing."""


def _services(request: Request) -> ApiServices:
    services = request.app.state.services
    assert isinstance(services, ApiServices)
    return services


async def require_orchestrator(services: ApiServices, orchestrator_id: UUID) -> None:
    """Raises `ApiError` (404) where there is no such orchestrator."""
    if await services.reads.latest(orchestrator_id) is None:
        raise not_found("orchestrator", orchestrator_id)


Services = Annotated[ApiServices, Depends(_services)]
