"""One data folder of the embedded PostgreSQL: its settings, password, socket and making.

See docs/adr/0002-embedded-postgresql.md.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from store.embedded_install import (
    Account,
    EmbeddedPostgresError,
    Install,
    folder_in_the_making,
    private_folder,
    sync_folder,
)

__all__ = ["Cluster", "prepare_state_folder"]

USER: Final = "woa"
DATABASE: Final = "postgres"
PORT: Final = 5432  # part of the socket's name only
SOCKET: Final = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT_BYTES: Final = 107

# Given on the command line: the file in the data folder stays as initdb made it, and a running
# server whose command line is ours is known to have these settings.
SETTINGS: Final[Mapping[str, str]] = {
    "port": str(PORT),
    "listen_addresses": "",  # the socket is the only door
    "unix_socket_permissions": "0700",
    # Memory: one product's writers and readers, never a shared server.
    "shared_buffers": "32MB",  # the system's cache holds the rest
    "max_connections": "40",
    "maintenance_work_mem": "32MB",
    "autovacuum_max_workers": "2",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",  # reads are small, and the cores are shared with us
    "max_logical_replication_workers": "0",  # saves the launcher process
    "io_method": "sync",  # saves three I/O workers
    "jit": "off",  # compiling costs more than these queries
    # Disk. Nobody replicates from here; `minimal` is as crash-safe and writes less.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    # The spool forgets a record once it is committed, so a commit has to be on the disk.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "timezone": "UTC",
    # One file for each day of the week, emptied when its day comes again.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
# Text sorts by code point, the same on every machine and after every upgrade of its libraries.
INITDB_OPTIONS: Final = (
    f"--username={USER}",
    "--pwfile=/dev/stdin",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
LOG_TAIL_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder, and how its server is started and reached."""

    account: Account
    install: Install
    data_dir: Path
    socket_dir: Path
    password: str

    @classmethod
    def prepare(cls, state_dir: Path, account: Account, environ: Mapping[str, str]) -> Self:
        """The cluster of a state folder, made or not yet. Raises `EmbeddedPostgresError`.

        The caller holds the lock of the state folder.
        """
        install = Install.bundled()
        data_dir = state_dir / f"pg{install.major}"
        _refuse_other_major(data_dir, install.major)
        return cls(
            account=account,
            install=install.reachable_by(account, state_dir),
            data_dir=data_dir,
            socket_dir=_socket_folder(data_dir, account, environ),
            password=_password(state_dir / "pg.secret", data_dir),
        )

    @property
    def exists(self) -> bool:
        """Whether the data folder has been made."""
        return (self.data_dir / "PG_VERSION").exists()

    @property
    def url(self) -> str:
        """libpq URL with the password; host and port are explicit, so that PGPORT cannot differ."""
        credentials = f"{USER}:{quote(self.password, safe='')}"
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{credentials}@/{DATABASE}?host={host}&port={PORT}"

    @property
    def command(self) -> list[str]:
        """What runs the server. A running one with another command line is not up to date."""
        sockets = str(self.socket_dir).replace('"', '""')
        settings = {
            **SETTINGS,
            "unix_socket_directories": f'"{sockets}"',
            "cluster_name": f"woa-{self.install.release}",  # an upgrade changes the command
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.install.program("postgres"), "-D", str(self.data_dir), *options]

    @property
    def socket(self) -> Path:
        """What clients connect to."""
        return self.socket_dir / SOCKET

    def make(self) -> None:
        """Run initdb; the data folder appears when it is complete. `EmbeddedPostgresError`."""
        with folder_in_the_making(self.data_dir) as fresh, tempfile.TemporaryFile() as password:
            private_folder(fresh, self.account)
            password.write(self.password.encode())
            password.seek(0)
            self.account.give(password.fileno())  # initdb opens it by its name /dev/stdin
            command = [self.install.program("initdb"), "-D", str(fresh), *INITDB_OPTIONS]
            code, output = self.account.run(command, fresh, password)
            if code != 0:
                raise EmbeddedPostgresError(
                    f"initdb could not make a PostgreSQL cluster in {fresh.parent} (exit code "
                    f"{code}); mend what it says and start again:\n{output.strip()}"
                )

    def forget_dead_server(self) -> None:
        """Remove what a killed server left, the number of a process among it.

        The caller has made sure that no process works in the data folder: PostgreSQL would
        refuse to start when the system has given that number to another process.
        """
        note, lock = self.data_dir / "postmaster.pid", self.socket_dir / f"{SOCKET}.lock"
        for path in (note, lock, self.socket):
            path.unlink(missing_ok=True)

    def log_tail(self) -> str:
        """The last lines of the server's log."""
        logs = sorted((self.data_dir / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
        lines = logs[-1].read_text(errors="replace").splitlines() if logs else []
        return "\n".join(lines[-LOG_TAIL_LINES:])


def prepare_state_folder(state_dir: Path, account: Account) -> None:
    """Make the state folder when it is missing, and see that both users can work with it."""
    if not state_dir.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        state_dir.chmod(0o711 if account.is_other else 0o700)
    owner_uid = state_dir.stat().st_uid
    if owner_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"{state_dir} belongs to the user with id {owner_uid}: start woa as that user, or set "
            "WOA_STATE_DIR to a folder of your own"
        )
    if closed := account.first_closed(state_dir):
        raise EmbeddedPostgresError(
            f"{closed} is closed to the user nobody, who runs PostgreSQL because woa runs as root: "
            "set WOA_STATE_DIR to a folder that others may pass through, such as /var/lib/woa, "
            f"or allow it with `chmod o+x '{closed}'`, or start woa as an ordinary user"
        )


def _refuse_other_major(data_dir: Path, major: str) -> None:
    clusters = [data_dir, *sorted(data_dir.parent.glob("pg[0-9]*"))]
    for folder in clusters:
        version_file = folder / "PG_VERSION"
        if ".new-" in folder.name or not version_file.exists():
            continue
        found = version_file.read_text().strip()
        if found == major:
            return  # an older one beside it was left there on purpose
        raise EmbeddedPostgresError(
            f"{folder} holds data of PostgreSQL {found}, and this is PostgreSQL {major}: dump it "
            f"with the release of woa that made it and restore the dump here, or move {folder} "
            "away to start empty, or set WOA_STATE_DIR to another folder"
        )


def _socket_folder(data_dir: Path, account: Account, environ: Mapping[str, str]) -> Path:
    for folder in _socket_folder_candidates(data_dir, environ):
        path = os.fsencode(folder / SOCKET)
        # A comma is where libpq begins the name of another host.
        fits = len(path) <= SOCKET_PATH_LIMIT_BYTES and b"," not in path
        is_usable = fits and os.access(folder.parent, os.W_OK | os.X_OK)
        if is_usable and account.first_closed(folder.parent) is None:
            private_folder(folder, account)
            return folder
    raise EmbeddedPostgresError(
        f"no folder for the socket of PostgreSQL: its path may have {SOCKET_PATH_LIMIT_BYTES} "
        f"bytes and no comma, {data_dir.parent} is no such folder and the temporary folder cannot "
        "be used: set WOA_STATE_DIR to a shorter path, or TMPDIR to a folder that can be written"
    )


def _socket_folder_candidates(data_dir: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    yield data_dir.parent / "run"
    name = f"woa-pg-{sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    # Not in XDG_RUNTIME_DIR: that is removed when its user logs out, and the server stays.
    yield Path(environ.get("TMPDIR") or "/tmp") / name
    yield Path("/tmp") / name


def _password(path: Path, data_dir: Path) -> str:
    if path.exists():
        return path.read_text().strip()
    if (data_dir / "PG_VERSION").exists():
        raise EmbeddedPostgresError(
            f"{path} is gone, and with it the password of {data_dir}: put it back from a backup, "
            f"or move {data_dir} away to start empty"
        )
    password = secrets.token_urlsafe(32)
    fresh = path.with_suffix(".secret.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)
    return password
