"""The PostgreSQL of a run: the embedded one, started again whenever it ends."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import structlog

from store.embedded import EmbeddedPostgres, EmbeddedPostgresError

__all__ = ["Database"]

LOOK_S = 0.3


class Database:
    """The server below `folder`. `log` gets what is said about it."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._output = log.open("a")
        logger = structlog.wrap_logger(structlog.PrintLogger(self._output))
        self._postgres = EmbeddedPostgres(folder / "state", log=logger)
        self._log = logger
        self._keeping: asyncio.Task[None] | None = None
        self.url = ""
        self.socket = Path()
        self._data = Path()

    async def keep_running(self) -> None:
        """Return when it serves; from then on it is started again whenever it ends."""
        self.url = await self._postgres.start()
        self.socket = self._postgres.socket_dir / ".s.PGSQL.5432"
        self._data = self._postgres.data_dir
        self._keeping = asyncio.create_task(self._keep())

    def url_through(self, port: int) -> str:
        """Its address for whoever comes by TCP, through a proxy."""
        parts = urlsplit(self.url)
        userinfo = parts.netloc.rpartition("@")[0]
        return urlunsplit((parts.scheme, f"{userinfo}@127.0.0.1:{port}", parts.path, "", ""))

    def kill(self) -> None:
        """`kill -9` of the server; it is started again by itself. Raises `OSError`."""
        self._postmaster().send_signal(signal.SIGKILL)

    def processes(self) -> list[psutil.Process]:
        """The server and its children, as far as it runs."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            server = self._postmaster()
            return [server, *server.children()]
        return []

    async def stop(self) -> None:
        """Return when it is gone. Safe to call twice."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        await self._postgres.stop()
        self._output.close()

    def _postmaster(self) -> psutil.Process:
        note = (self._data / "postmaster.pid").read_text()
        return psutil.Process(int(note.splitlines()[0]))

    def _runs(self) -> bool:
        try:
            return self._postmaster().status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, IndexError, psutil.Error):
            return False

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._runs():
                continue
            try:
                await self._postgres.start()
            except EmbeddedPostgresError as error:
                self._log.warning("postgres_does_not_start", reason=str(error))
