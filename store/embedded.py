"""A PostgreSQL server of our own in the state folder, for whoever has none.

The server is detached: it survives a killed owner, and the next owner takes it over. See
docs/adr/0002-embedded-postgresql.md.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import structlog
from structlog.typing import FilteringBoundLogger

from store.embedded_cluster import Cluster, prepare_state_folder
from store.embedded_install import Account, EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

READY_DEADLINE_S: Final = 300  # crash recovery on a slow disk
FAST_STOP_DEADLINE_S: Final = 30  # then it is killed; recovery brings back what was committed
ORPHAN_GRACE_S: Final = 5  # children of a killed server notice and leave by themselves
POLL_S: Final = 0.02


class EmbeddedPostgres:
    """Runs the one PostgreSQL server of a state folder for this process.

    `environ` is where TMPDIR is looked up.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        log: FilteringBoundLogger | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._state_dir = state_dir.expanduser().resolve()
        self._log = log or structlog.get_logger(__name__)
        self._environ = environ
        self._changing = threading.Lock()
        self._lock: _OwnerLock | None = None
        self._cluster: Cluster | None = None
        self._child: subprocess.Popen[bytes] | None = None

    async def start(self) -> str:
        """Have the server run and take connections; its libpq URL, which holds the password.

        Makes the cluster on first use, takes over the server that a killed owner left, and
        recovers after a crash; called again it brings back a server that has died meanwhile.
        Raises `EmbeddedPostgresError`, and leaves nothing running then. When it is cancelled
        the work goes on: call `stop()`, which waits for it.
        """
        return await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Shut down and wait for the last process. Safe twice, before and after a failed start."""
        await asyncio.to_thread(self._stop)

    @property
    def url(self) -> str:
        """What `start` returned."""
        return self._started.url

    @property
    def data_dir(self) -> Path:
        """Folder of the cluster."""
        return self._started.data_dir

    @property
    def socket_dir(self) -> Path:
        """Folder of the server's socket."""
        return self._started.socket_dir

    @property
    def _started(self) -> Cluster:
        if self._cluster is None:
            raise EmbeddedPostgresError("the embedded PostgreSQL does not run: start it first")
        return self._cluster

    def _start(self) -> str:
        with self._changing:
            try:
                return self._bring_up()
            except (OSError, psutil.Error) as error:
                self._shut_down()
                raise EmbeddedPostgresError(
                    f"the embedded PostgreSQL in {self._state_dir} cannot run: {error}; mend "
                    "that, or set WOA_STATE_DIR to another folder or WOA_DATABASE_URL to a server"
                ) from error
            except BaseException:
                self._shut_down()
                raise

    def _stop(self) -> None:
        with self._changing:
            self._shut_down()

    def _bring_up(self) -> str:
        account = Account.for_server()
        prepare_state_folder(self._state_dir, account)
        self._lock = self._lock or _OwnerLock(self._state_dir)
        cluster = self._cluster = Cluster.prepare(self._state_dir, account, self._environ)
        if server := self._up_to_date_server(cluster):
            self._await_ready(cluster, server)
            self._log.info("embedded_postgres_taken_over", pid=server.pid)
        else:
            self._end_servers()
            cluster.forget_dead_server()
            if not cluster.exists:
                self._log.info("embedded_postgres_making", data_dir=str(cluster.data_dir))
                cluster.make()
            self._launch(cluster)
        return cluster.url

    def _shut_down(self) -> None:
        if self._lock is None:
            return  # the server, if there is one, belongs to another owner
        try:
            self._end_servers()
            self._reap()
            if self._cluster and self._cluster.socket_dir.parent != self._state_dir:
                with suppress(OSError):
                    self._cluster.socket_dir.rmdir()
        finally:
            self._cluster = None
            self._lock.release()
            self._lock = None

    def _launch(self, cluster: Cluster) -> None:
        self._reap()
        with tempfile.TemporaryFile() as output:  # what it says before its log is open
            self._child = cluster.account.spawn(
                cluster.command, cluster.data_dir, subprocess.DEVNULL, output
            )
            try:
                self._await_ready(cluster, psutil.Process(self._child.pid))
            except EmbeddedPostgresError as error:
                output.seek(0)
                said = output.read().decode(errors="replace")
                raise EmbeddedPostgresError(f"{error}\n{said.strip()}") from error
        self._log.info(
            "embedded_postgres_started", pid=self._child.pid, data_dir=str(cluster.data_dir)
        )

    def _await_ready(self, cluster: Cluster, server: psutil.Process) -> None:
        deadline = time.monotonic() + READY_DEADLINE_S
        while self._is_ours(server) and time.monotonic() < deadline:
            note = _note(cluster.data_dir)
            if note[:1] == [str(server.pid)] and note[7:] == ["ready"]:
                return
            time.sleep(POLL_S)
        raise EmbeddedPostgresError(
            f"the PostgreSQL server of {cluster.data_dir} does not come up; mend what its log "
            f"says, or set WOA_DATABASE_URL to another server:\n{cluster.log_tail()}"
        )

    def _up_to_date_server(self, cluster: Cluster) -> psutil.Process | None:
        """The server that runs in the data folder, if it is just the one we would start."""
        note = _note(cluster.data_dir)
        with suppress(psutil.Error, IndexError, ValueError):
            server = psutil.Process(int(note[0]))
            if (
                self._is_ours(server)
                and server.cmdline() == cluster.command
                and note[7] != "stopping"
                and cluster.socket.exists()
            ):
                return server
        return None

    def _end_servers(self) -> None:
        """End every PostgreSQL process of the state folder, gently first; return when none is."""
        grace_s = ORPHAN_GRACE_S
        for process in self._servers():
            with suppress(psutil.NoSuchProcess, OSError):
                if process.name() == "initdb":
                    process.kill()
                elif _note(_working_dir(process))[:1] == [str(process.pid)]:
                    process.send_signal(signal.SIGINT)  # fast shutdown
                    grace_s = FAST_STOP_DEADLINE_S
        left = self._await_gone(grace_s)
        if left:
            self._log.warning("embedded_postgres_killed", pids=[one.pid for one in left])
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            left = self._await_gone(ORPHAN_GRACE_S)
        if left:
            raise EmbeddedPostgresError(
                f"processes {[one.pid for one in left]} of PostgreSQL in {self._state_dir} do not "
                "end: end them, or set WOA_STATE_DIR to another folder"
            )

    def _await_gone(self, within_s: float) -> list[psutil.Process]:
        deadline = time.monotonic() + within_s
        left = self._servers()
        while left and time.monotonic() < deadline:
            time.sleep(POLL_S)
            left = [process for process in left if self._is_ours(process)] or self._servers()
        return left

    def _servers(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether it is alive, of PostgreSQL, and works in a data folder of the state folder.

        Compared by inode: a process in a container may show the same path.
        """
        try:
            return (
                process.name() in {"postgres", "initdb"}
                and process.status() != psutil.STATUS_ZOMBIE
                and any(map(_working_dir(process).samefile, self._state_dir.glob("pg[0-9]*")))
            )
        except (psutil.Error, OSError):
            return False

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(ORPHAN_GRACE_S)
            self._child = None


class _OwnerLock:
    """Held by the one process that runs the server of a state folder; ends with that process."""

    def __init__(self, state_dir: Path) -> None:
        self._file = os.open(state_dir / "pg.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.write(self._file, str(os.getpid()).encode())
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode() or "unknown"
            os.close(self._file)
            raise EmbeddedPostgresError(
                f"{state_dir} is in use by another woa (process {holder}): stop that one, or set "
                "WOA_STATE_DIR to another folder"
            ) from error
        except OSError:  # a full disk: the next try must not find the lock held by this one
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def _note(data_dir: Path) -> list[str]:
    """Lines of the note a server keeps in its data folder: process id first, state eighth."""
    try:
        return [line.strip() for line in (data_dir / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _working_dir(process: psutil.Process) -> Path:
    linked = Path(f"/proc/{process.pid}/cwd")
    return linked if sys.platform == "linux" else Path(process.cwd())
