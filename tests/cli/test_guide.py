"""The command blocks of the guide, run as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from benchmarks.product import Product, free_port
from tests.cli.woa import clean_environment, config

GUIDE = Path(__file__).parent.parent.parent / "docs" / "guides" / "command-line.md"
AGENTS = "agents: [{type: temporal, instance_id: orders, address: '127.0.0.1:1'}]"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def run(command: str, folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """The exit code and what it said; a service is stopped once it runs."""
    words = shlex.split(command)
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(words[0])), *words[1:]],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(process, folder, 0)
    if words[1:3] == ["agent", "run"]:
        product.wait_for_line("Stop ")
        return product.stop(), "".join(product.output)
    return product.wait(), "".join(product.output)


def test_the_examples_work(tmp_path: Path, empty_database_url: str) -> None:
    config(tmp_path, AGENTS)
    (tmp_path / "token.txt").write_text("a-token")
    places = {"WOA_DATABASE_URL": empty_database_url, "WOA_API__PORT": str(free_port())}
    env = clean_environment(tmp_path) | places
    results = {command: run(command, tmp_path, env) for command in commands()}

    assert {command: result for command, result in results.items() if result[0]} == {}
    assert "production" in results["woa context list"][1]
    assert results["woa db migrate"][1].startswith("Done in ")
