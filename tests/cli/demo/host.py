"""A process that runs a demo until it is killed: `python -m tests.cli.demo.host STATE_DIR`."""

import asyncio
import sys
from pathlib import Path

import structlog

from cli.demo.demo import Demo
from tests.cli.demo.staging import QUICK


async def host(state_dir: Path) -> None:
    demo = Demo(state_dir, structlog.get_logger(), plan=QUICK)
    targets = await demo.start()
    print(targets.address, flush=True)
    await demo.run()


if __name__ == "__main__":
    asyncio.run(host(Path(sys.argv[1])))
