"""The guide's files and commands, run as they stand, against a real broker and a real Temporal."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kafka_broker import KafkaBroker
from benchmarks.product import Product, free_port
from benchmarks.servers import wait_for
from tests.live.temporal.server import TemporalServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

GUIDE = (Path(__file__).parent.parent.parent.parent / "docs" / "guides" / "kafka.md").read_text()
LIMIT_S = 120.0
SERVICES = ("agent run", "ingest run", "up")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


class Terminal:
    """Runs command lines of the guide in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WOA_")}
        # The data of root is in a system folder: only that, and the port, are not as in the guide.
        self._environment = kept | {"XDG_CONFIG_HOME": str(folder / "config")}
        self._defaults = {"WOA_STATE_DIR": str(folder / "state"), "WOA_API__PORT": str(port)}

    def start(self, line: str) -> Product:
        words = shlex.split(line)
        own = {}
        while "=" in words[0]:
            name, value = words.pop(0).split("=")
            own[name] = value
        if own:
            own["WOA_API__PORT"] = str(free_port())
        defaults = {} if "agents.yaml" in words else self._defaults
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name(words[0])), *words[1:]],
            cwd=self._folder,
            env=self._environment | defaults | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Product(process, self._folder, 0)

    def run(self, line: str) -> tuple[int, str]:
        product = self.start(line)
        return product.wait(), "".join(product.output)


def test_the_guide_works(
    lone_kafka: KafkaBroker,
    temporal_server: TemporalServer,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    port = free_port()
    names = {
        "postgresql://woa:secret@127.0.0.1/woa": json.dumps(empty_database_url),
        "127.0.0.1:9092": lone_kafka.address,
        "127.0.0.1:7233": temporal_server.address,
        "port: 8651": f"port: {free_port()}",
    }
    for text in blocks("yaml"):
        for given, ours in names.items():
            text = text.replace(given, ours)  # noqa: PLW2901 - one after the other
        (tmp_path / text.split()[1]).write_text(text)
    terminal = Terminal(tmp_path, port)
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    services = [line for line in lines if any(f"woa {name}" in line for name in SERVICES)]
    before, after = lines[:2], lines[2 + len(services) :]

    results = {line: terminal.run(line) for line in before}
    running = [terminal.start(line) for line in services]
    try:
        for product in running:
            product.wait_for_line("Stop ", timeout_s=LIMIT_S)
        wait_for(
            lambda: "orders-prod" in terminal.run("woa get orchestrators")[1],
            LIMIT_S,
            "the orchestrator is served",
        )
        results |= {line: terminal.run(line) for line in after}
    finally:
        codes = [product.stop() for product in running]

    rewind = results.pop(after[-1])
    assert {line: result for line, result in results.items() if result[0]} == {}
    assert (rewind[0], "stop every `woa ingest run`" in rewind[1]) == (1, True)
    assert [len(services), *codes] == [3, 0, 0, 0]
    assert "healthy" in results["woa get orchestrators"][1]
    assert results["woa dead-letters list -c woa.yaml"][1] == "No dead letters\n"
