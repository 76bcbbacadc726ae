"""The embedded PostgreSQL against real processes: made, killed, taken over, refused, stopped."""

import asyncio
import errno
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.store.embedded_owner import (
    DEADLINE_S,
    IS_ROOT,
    Owner,
    open_folder,
    postmaster,
    processes_below,
    read,
    until,
    write,
)

MakeEmbedded = Callable[..., EmbeddedPostgres]  # state folder, environ
StartOwner = Callable[[Path], Owner]
CopyTemplate = Callable[[Path], Path]


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A state folder with a cluster, stopped: copying it is quicker than initdb."""
    with open_folder() as path:
        owner = Owner(path / "state")
        owner.url()
        owner.end()
        yield path / "state"


@pytest.fixture
def copy_template(template: Path) -> CopyTemplate:
    def copy(state_dir: Path) -> Path:
        subprocess.run(["cp", "-a", template, state_dir], check=True)
        return state_dir

    return copy


@pytest.fixture
def state_dir(folder: Path, copy_template: CopyTemplate) -> Path:
    """A state folder whose cluster exists and does not run."""
    return copy_template(folder / "state")


@pytest.fixture
def long_state_dir(folder: Path, copy_template: CopyTemplate) -> Path:
    """The same under a path that is too long for a socket."""
    parent = folder / ("x" * 120)
    parent.mkdir(mode=0o755)
    return copy_template(parent / "state")


@pytest.fixture
async def embedded() -> AsyncIterator[MakeEmbedded]:
    """Makes servers of this process, stopped with the test."""
    made: list[EmbeddedPostgres] = []

    def make(state_dir: Path, environ: Mapping[str, str] = os.environ) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(state_dir, environ=environ))
        return made[-1]

    yield make
    for postgres in made:
        await postgres.stop()


@pytest.fixture
def owner_of() -> Iterator[StartOwner]:
    """Starts owners in processes of their own, killed with the test."""
    with ExitStack() as stack:

        def start(state_dir: Path) -> Owner:
            owner = Owner(state_dir)
            stack.callback(owner.kill)
            return owner

        yield start


async def test_first_start_makes_a_cluster(folder: Path, embedded: MakeEmbedded) -> None:
    url = await embedded(folder / "new" / "state").start()

    write(url, 1)
    assert read(url) == [1]


async def test_next_start_finds_the_same_data(state_dir: Path, embedded: MakeEmbedded) -> None:
    first = embedded(state_dir)
    write(await first.start(), 1)
    await first.stop()

    assert read(await embedded(state_dir).start()) == [1]


async def test_start_of_a_running_server_attaches(state_dir: Path, embedded: MakeEmbedded) -> None:
    postgres = embedded(state_dir)
    urls = [await postgres.start()]
    pids = [postmaster(state_dir).pid]
    urls.append(await postgres.start())
    pids.append(postmaster(state_dir).pid)

    assert len(set(urls)) == len(set(pids)) == 1


async def test_server_of_a_killed_owner_is_taken_over(
    state_dir: Path, embedded: MakeEmbedded, owner_of: StartOwner
) -> None:
    owner = owner_of(state_dir)
    write(owner.url(), 1)
    server = postmaster(state_dir)
    owner.kill()
    url = await embedded(state_dir).start()

    assert (read(url), postmaster(state_dir)) == ([1], server)


async def test_stop_after_a_takeover_leaves_no_process(
    state_dir: Path, embedded: MakeEmbedded, owner_of: StartOwner
) -> None:
    owner = owner_of(state_dir)
    owner.url()
    owner.kill()
    postgres = embedded(state_dir)
    await postgres.start()
    await postgres.stop()

    assert processes_below(state_dir) == []


async def test_server_that_lost_its_socket_is_replaced(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    postgres = embedded(state_dir)
    write(await postgres.start(), 1)
    next(postgres.socket_dir.glob(".s.PGSQL.*")).unlink()

    assert read(await postgres.start()) == [1]


async def test_outdated_server_is_replaced(
    long_state_dir: Path, folder: Path, embedded: MakeEmbedded
) -> None:
    owner = Owner(long_state_dir, env={**os.environ, "TMPDIR": str(folder)})
    write(owner.url(), 1)
    old = postmaster(long_state_dir)
    owner.kill()
    url = await embedded(long_state_dir, {}).start()

    assert read(url) == [1]
    assert postmaster(long_state_dir) != old


async def test_killed_server_recovers_what_was_committed(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    postgres = embedded(state_dir)
    write(await postgres.start(), 1)
    postmaster(state_dir).kill()

    assert read(await postgres.start()) == [1]


async def test_child_that_outlives_a_killed_server_is_ended(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    postgres = embedded(state_dir)
    url = await postgres.start()
    write(url, 1)
    busy = await psycopg.AsyncConnection.connect(url)
    pid = busy.info.backend_pid
    loop = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
    with psycopg.connect(url, autocommit=True) as watching:
        query = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
        while not watching.execute(query, [pid]).fetchone():
            await asyncio.sleep(0.01)
    postmaster(state_dir).kill()
    rows = read(await postgres.start())
    with suppress(psycopg.OperationalError):
        await loop
    await busy.close()

    assert rows == [1]
    assert pid not in [process.pid for process in processes_below(state_dir)]


@pytest.mark.parametrize("victim", ["owner", "initdb"])
async def test_start_works_after_a_kill_in_the_middle_of_initdb(
    victim: str, folder: Path, embedded: MakeEmbedded, owner_of: StartOwner
) -> None:
    owner = owner_of(folder / "state")
    until(lambda: processes_below(folder, "initdb"))
    if victim == "owner":
        owner.kill()
    else:
        processes_below(folder, "initdb")[0].kill()
        owner.process.wait(DEADLINE_S)
    assert not (folder / "state" / "pg18").exists()
    write(await embedded(folder / "state").start(), 1)

    assert [path.name for path in (folder / "state").glob("pg18*")] == ["pg18"]


async def test_works_in_a_folder_with_spaces_and_quotes(
    folder: Path, copy_template: CopyTemplate, embedded: MakeEmbedded
) -> None:
    postgres = embedded(copy_template(folder / 'it\'s my "own" 100 % ü'))
    write(await postgres.start(), 1)

    assert postgres.socket_dir.is_relative_to(folder)


async def test_works_in_a_folder_whose_name_libpq_would_split(
    folder: Path, copy_template: CopyTemplate, embedded: MakeEmbedded
) -> None:
    postgres = embedded(copy_template(folder / "a,b"))
    write(await postgres.start(), 1)

    assert not postgres.socket_dir.is_relative_to(folder)


async def test_long_path_gets_a_private_socket_folder(
    long_state_dir: Path, embedded: MakeEmbedded
) -> None:
    postgres = embedded(long_state_dir, {})
    write(await postgres.start(), 1)
    socket_dir = postgres.socket_dir
    mode = socket_dir.stat().st_mode & 0o777
    await postgres.stop()

    assert (mode, socket_dir.exists()) == (0o700, False)


async def test_socket_folder_of_somebody_else_is_refused(
    long_state_dir: Path, folder: Path, embedded: MakeEmbedded
) -> None:
    environ = {"TMPDIR": str(folder)}
    postgres = embedded(long_state_dir, environ)
    await postgres.start()
    socket_dir = postgres.socket_dir
    await postgres.stop()
    (folder / "elsewhere").mkdir()
    socket_dir.symlink_to(folder / "elsewhere")

    with pytest.raises(EmbeddedPostgresError, match=f"{socket_dir}.*WOA_STATE_DIR"):
        await embedded(long_state_dir, environ).start()


async def test_second_owner_is_refused(
    state_dir: Path, embedded: MakeEmbedded, owner_of: StartOwner
) -> None:
    owner = owner_of(state_dir)
    url = owner.url()
    second = embedded(state_dir)

    with pytest.raises(EmbeddedPostgresError, match=f"{owner.process.pid}.*WOA_STATE_DIR"):
        await second.start()
    await second.stop()
    write(url, 1)


@pytest.mark.parametrize("name", ["pg17", "pg18"])
async def test_data_of_another_major_is_refused(
    name: str, folder: Path, embedded: MakeEmbedded
) -> None:
    data_dir = folder / "state" / name
    data_dir.mkdir(parents=True)
    (data_dir / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedPostgresError, match=f"{data_dir} holds data of PostgreSQL 17"):
        await embedded(folder / "state").start()
    assert [path.name for path in data_dir.iterdir()] == ["PG_VERSION"]


async def test_stop_is_safe_before_start_and_twice(state_dir: Path, embedded: MakeEmbedded) -> None:
    postgres = embedded(state_dir)
    await postgres.stop()
    await postgres.start()
    await postgres.stop()
    await postgres.stop()

    assert processes_below(state_dir) == []


async def test_stop_is_a_clean_shutdown(state_dir: Path, embedded: MakeEmbedded) -> None:
    postgres = embedded(state_dir)
    await postgres.start()
    await postgres.stop()

    assert not (state_dir / "pg18" / "postmaster.pid").exists()


async def test_stop_after_a_cancelled_start_leaves_nothing(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    postgres = embedded(state_dir)
    starting = asyncio.create_task(postgres.start())
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    await postgres.stop()

    assert processes_below(state_dir) == []


async def test_note_with_the_number_of_another_process_is_stale(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    stranger = subprocess.Popen(["sleep", "600"], user="nobody" if IS_ROOT else None)
    (state_dir / "pg18" / "postmaster.pid").write_text(f"{stranger.pid}\n/gone\n1\n5432\n")
    write(await embedded(state_dir).start(), 1)
    code = stranger.poll()
    stranger.kill()
    stranger.wait()

    assert code is None


async def test_password_is_kept_private_and_asked_for(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    with capture_logs() as logs:
        url = await embedded(state_dir).start()
    secret = state_dir / "pg.secret"

    assert (secret.stat().st_mode & 0o777, secret.stat().st_uid) == (0o600, os.geteuid())
    assert secret.read_text() not in str(logs)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(secret.read_text(), "wrong"))


async def test_lost_password_is_named(state_dir: Path, embedded: MakeEmbedded) -> None:
    (state_dir / "pg.secret").unlink()

    with pytest.raises(EmbeddedPostgresError, match=r"pg\.secret is gone"):
        await embedded(state_dir).start()


async def test_failed_start_ends_the_server_of_a_killed_owner(
    state_dir: Path, embedded: MakeEmbedded, owner_of: StartOwner
) -> None:
    owner = owner_of(state_dir)
    owner.url()
    owner.kill()
    (state_dir / "pg.secret").unlink()
    with suppress(EmbeddedPostgresError):
        await embedded(state_dir).start()

    assert processes_below(state_dir) == []


async def test_failed_start_shows_the_log_and_can_be_repeated(
    state_dir: Path, folder: Path, embedded: MakeEmbedded
) -> None:
    control = state_dir / "pg18" / "global" / "pg_control"
    control.rename(folder / "aside")

    with pytest.raises(EmbeddedPostgresError, match="pg_control"):
        await embedded(state_dir).start()
    (folder / "aside").rename(control)
    write(await embedded(state_dir).start(), 1)


async def test_start_that_a_full_disk_stopped_can_be_repeated(
    state_dir: Path, embedded: MakeEmbedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    postgres = embedded(state_dir)
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        with pytest.raises(EmbeddedPostgresError, match="No space left"):
            await postgres.start()
    url = await postgres.start()
    write(url, 1)

    assert read(url) == [1]


async def test_commits_are_durable_and_the_socket_is_the_only_door(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    names = "fsync", "full_page_writes", "synchronous_commit", "autovacuum", "listen_addresses"
    with psycopg.connect(await embedded(state_dir).start()) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(names)]
        ).fetchall()

    assert dict(rows) == dict.fromkeys(names[:-1], "on") | {"listen_addresses": ""}


async def test_server_is_out_of_reach_of_the_terminal(
    state_dir: Path, embedded: MakeEmbedded
) -> None:
    await embedded(state_dir).start()
    server = postmaster(state_dir).pid

    assert (os.getsid(server), os.getpgid(server)) == (server, server)
