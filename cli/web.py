"""The API and the page inside `woa up`: the port first, the rest when the database is there."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from uuid import UUID

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from api.app import create_app
from api.server import bind, serve
from api.services import ApiServices
from api.settings import ApiSettings
from cli.pipeline import Pipeline
from cli.surroundings import utc_now
from cli.telemetry import Telemetry
from cli.version import VERSION
from ingest.service import Ingest
from store.engine import create_read_engine
from store.errors import StoreUnavailableError
from store.outbox import Outbox
from store.reads import Reads
from store.records import Records
from store.tokens import Tokens

__all__ = ["Web", "login_link"]


async def login_link(tokens: Tokens, page_url: str) -> str:
    """A link that logs one browser in, once."""
    code = await tokens.create_login_code()
    return f"{page_url}/login?code={code.get_secret_value()}"


class Web:
    """Takes the port when it is made. Raises `api.server.ServerError`."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._listener = bind(settings)
        host, port = self._listener.getsockname()[:2]
        self.page_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._ready = asyncio.Event()
        self._registry = CollectorRegistry()
        self._ingest: Ingest | None = None
        self._tokens: Tokens | None = None

    def close(self) -> None:
        """Give the port back. Safe to call twice."""
        self._listener.close()

    def observe(self, pipeline: Pipeline) -> None:
        """Show the numbers of its parts under /metrics and in /readyz."""
        self._ingest = pipeline.intake.ingest
        self._registry.register(Telemetry(pipeline.intake, pipeline.outlet))

    async def open(self, stack: AsyncExitStack, database_url: str) -> str | None:
        """Connect to the database; returns the admin token if one had to be made."""
        self._engine = create_read_engine(database_url)
        stack.push_async_callback(self._engine.dispose)
        self._tokens = Tokens(self._engine, utc_now)
        made = await self._tokens.ensure_admin_token(self._settings.admin_token)
        return made.get_secret_value() if made else None

    async def issue_token(self, stack: AsyncExitStack, name: str) -> SecretStr:
        """A token that works until the stack ends; it replaces the one before of this name."""
        assert self._tokens is not None
        token = await self._tokens.replace_token(name)
        stack.push_async_callback(self._withdraw, name)
        return token

    async def serve(self) -> None:
        """Answer until cancelled."""
        assert self._tokens is not None
        services = ApiServices(
            reads=Reads(self._engine),
            records=Records(self._engine),
            outbox=Outbox(self._engine),
            tokens=self._tokens,
            settings=self._settings,
            clock=utc_now,
            registry=self._registry,
            version=VERSION,
            readiness=self._readiness,
        )
        await serve(create_app(services), self._settings, self._ready, listener=self._listener)

    async def ready(self) -> None:
        """Wait until it answers."""
        await self._ready.wait()

    async def login_link(self) -> str:
        """See `login_link`."""
        assert self._tokens is not None
        return await login_link(self._tokens, self.page_url)

    async def newest_record_at(self, orchestrator_id: UUID) -> datetime | None:
        """When the newest record of an orchestrator was collected; None without one."""
        latest = await Reads(self._engine).latest(orchestrator_id)
        return None if latest is None else latest.record.collected_at

    async def _readiness(self) -> Mapping[str, str | None]:
        return {"ingest": self._ingest.stats.waits_for() if self._ingest else None}

    async def _withdraw(self, name: str) -> None:
        assert self._tokens is not None
        with suppress(StoreUnavailableError):  # the next start of this name replaces it
            await self._tokens.forget_token(name)
