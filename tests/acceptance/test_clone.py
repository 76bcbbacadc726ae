"""A newcomer: a clone, the README's command, the printed link. As root and as nobody special."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from benchmarks.product import LINK, Product, free_port, leftovers

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1_200)]

ROOT = Path(__file__).parent.parent.parent
OTHER_USER = "nobody"
# Longer than the 107 characters that a socket's path may have, with spaces.
LONG_NAME = "a clone in a folder with spaces " + "and a long name " * 6


def readme_commands() -> list[str]:
    """Every line of the README's shell blocks, continuation lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    text = "".join(blocks).replace("\\\n", "")
    return [line.partition(" #")[0].strip() for line in text.splitlines() if line.strip()]


@pytest.fixture
def clone(open_dir: Path) -> Path:
    """What a newcomer has after `git clone`: what is committed, and nothing else."""
    folder = open_dir / LONG_NAME.strip()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    return folder


def make_up(clone: Path, state_dir: Path, user: str | None, python: str) -> Iterator[Product]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WOA_", "VIRTUAL_ENV", "XDG_", "PYTEST"))
    }
    port = free_port()
    environment |= {
        "HOME": str(clone.parent / "home"),
        "WOA_STATE_DIR": str(state_dir),
        "WOA_API__PORT": str(port),
        "PYTHON": python,
    }
    process = subprocess.Popen(
        ["make", "up"],
        cwd=clone,
        env=environment,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    product = Product(process, state_dir, port)
    try:
        yield product
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # Ctrl-C in a terminal
            product.wait(timeout_s=180)


def page_of(product: Product) -> str:
    """The dashboard behind the printed link."""
    link = product.wait_for_line(LINK.pattern, timeout_s=900).group(0)
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        return browser.get(link).raise_for_status().text


def test_the_readme_starts_with_the_two_commands() -> None:
    assert readme_commands()[:2] == ["make up", "make test"]


def test_the_checks_run_the_readmes_test_command() -> None:
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize("user", [None, OTHER_USER], ids=["as the caller", "as another user"])
def test_make_up_needs_nothing_but_a_clone(clone: Path, open_dir: Path, user: str | None) -> None:
    python = sys.executable
    if user:
        if os.geteuid() != 0:
            pytest.skip("acceptance: only root can become another user")
        python = "/usr/bin/python3.11"
        if not Path(python).exists():
            pytest.skip(f"acceptance: {python} is missing, the only one another user can run")
        (clone.parent / "home").mkdir()
        for path in (clone.parent, clone.parent / "home", clone, *clone.rglob("*")):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    state_dir = open_dir / "state"

    pages = []
    for _ in range(2):
        for product in make_up(clone, state_dir, user, python):
            pages.append(page_of(product))

    assert all('<div id="root">' in page for page in pages)
    assert leftovers(state_dir) == []
    assert (state_dir / "woa.lock").owner() == (user or psutil.Process().username())
