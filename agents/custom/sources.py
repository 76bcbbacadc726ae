"""Reads the sources: HTTP endpoints one after the other, queries in read-only transactions."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from agents.calls import CallFailure, CallLog, one_line
from agents.collector import CollectorError
from agents.custom.config import (
    CustomConfig,
    JsonSource,
    PrometheusSource,
    SqlSource,
)
from agents.custom.mapping import Documents
from agents.exposition import Exposition, Vocabulary
from agents.http_api import HttpApi, http_client
from agents.missing import Missing

__all__ = ["Sources"]

NO_PSYCOPG = "a source of kind sql needs psycopg: pip install 'woa[ingest]'"
UNAUTHORIZED = ("28", "42501")
"""SQLSTATE: class 28 is a failed sign-in, 42501 a missing privilege."""

REFUSED = ("authentication failed", "pg_hba.conf", "permission denied", 'role "', "no password")
CANCELED = "57014"
TOO_LONG = 5.0


class Sources:
    """All sources of one agent. `transport` is for tests, of the HTTP ones."""

    def __init__(
        self, config: CustomConfig, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.log = CallLog()
        self._config = config
        self._apis = {
            name: HttpApi(config, _client(config, source, transport))
            for name, source in config.sources.items()
            if not isinstance(source, SqlSource)
        }

    async def read(self, now: datetime) -> Documents:
        """Each source once, by its name."""
        self.log = CallLog()
        found: dict[str, object | Exposition | Missing] = {}
        for name, source in self._config.sources.items():
            match source:
                case SqlSource():
                    found[name] = await self._query(name, source)
                case PrometheusSource():
                    found[name] = await self._metrics(name, source, now)
                case JsonSource():
                    found[name] = await self._json(name, source, now)
        return found

    async def aclose(self) -> None:
        for api in self._apis.values():
            await api.aclose()

    async def _json(self, name: str, source: JsonSource, now: datetime) -> object | Missing:
        api = self._begin(name, now)
        found: object | Missing = await api.get(name, str(source.url), Any)
        self._end(api)
        return found

    async def _metrics(
        self, name: str, source: PrometheusSource, now: datetime
    ) -> Exposition | Missing:
        api = self._begin(name, now)
        wanted = tuple(sorted(_metrics_of(self._config, name)))
        vocabulary = Vocabulary(f"the source {name}", (), wanted, (), (), mark=None)
        found = await api.exposition(name, str(source.url), vocabulary)
        self._end(api)
        if not isinstance(found, Missing) and not found.values:
            self.log.answered.discard(name)
            reason = "none of the metrics that are mapped are in the answer"
            return self.log.note(CallFailure("bad_response", reason, name))
        return found

    def _begin(self, name: str, now: datetime) -> HttpApi:
        api = self._apis[name]
        api.begin(now)
        return api

    def _end(self, api: HttpApi) -> None:
        self.log.calls += api.log.calls
        self.log.answered |= api.log.answered
        self.log.failures += api.log.failures

    async def _query(self, name: str, source: SqlSource) -> object | Missing:
        try:
            import psycopg  # noqa: PLC0415 - only who asks a database needs it
        except ImportError as error:
            raise CollectorError(NO_PSYCOPG) from error
        self.log.calls += 1
        try:
            async with asyncio.timeout(source.timeout_s + TOO_LONG):
                rows = await _rows(source)
        except psycopg.Error as error:
            said = one_line(str(error))
            return self.log.note(CallFailure(_code(error.sqlstate, said), said, name))
        except TimeoutError:
            reason = f"no answer within timeout_s={source.timeout_s:g} seconds"
            return self.log.note(CallFailure("timeout", reason, name))
        if len(rows) > source.max_rows:
            reason = f"more than max_rows={source.max_rows} rows"
            return self.log.note(CallFailure("bad_response", reason, name))
        self.log.answered.add(name)
        return rows


async def _rows(source: SqlSource) -> list[dict[str, object]]:
    from psycopg import AsyncConnection  # noqa: PLC0415 - see above
    from psycopg.rows import dict_row  # noqa: PLC0415

    limit_ms = round(source.timeout_s * 1000)
    connection = await AsyncConnection.connect(
        source.dsn.get_secret_value(),
        row_factory=dict_row,
        connect_timeout=max(2, round(source.timeout_s)),
        options=f"-c default_transaction_read_only=on -c statement_timeout={limit_ms}",
        application_name="woa-custom-agent",
    )
    async with connection:
        cursor = await connection.execute(source.query.encode())
        rows = await cursor.fetchmany(source.max_rows + 1)
        await connection.rollback()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    """A column as JSON would have it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _code(sqlstate: str | None, said: str) -> str:
    if sqlstate is None:  # while connecting there is only a text
        refused = any(words in said for words in REFUSED)
        return "unauthorized" if refused else "unreachable"
    if sqlstate.startswith(UNAUTHORIZED):
        return "unauthorized"
    return "timeout" if sqlstate == CANCELED else "bad_response"


def _client(
    config: CustomConfig,
    source: JsonSource | PrometheusSource,
    transport: httpx.AsyncBaseTransport | None,
) -> httpx.AsyncClient:
    client = http_client(config, "", None, transport)
    client.headers.update({name: each.get_secret_value() for name, each in source.headers.items()})
    return client


def _metrics_of(config: CustomConfig, name: str) -> Iterator[str]:
    """The metrics that are mapped of one source."""
    lists = [*config.queues, *(pool.workers for pool in config.pools if pool.workers)]
    fields = [(None, config.fields), *((None, pool.fields) for pool in config.pools)]
    yield from (listed.metric for listed in lists if listed.metric and listed.source == name)
    for source, specs in [*fields, *((listed.source, listed.fields) for listed in lists)]:
        for spec in specs.values():
            if spec.metric is not None and (spec.source or source) == name:
                yield spec.metric
