"""What a worker process of the demo is told, as its command line."""

import sys
from dataclasses import dataclass
from typing import Self

__all__ = ["WorkerTask"]


@dataclass(frozen=True)
class WorkerTask:
    """What one worker process does: its queues with the activities it runs at once."""

    address: str
    namespace: str
    name: str
    slots: tuple[tuple[str, int], ...]

    def command(self) -> list[str]:
        """The command that runs it; `parse` reads its arguments back."""
        queues = [f"{queue}={slots}" for queue, slots in self.slots]
        # -P: no package of the folder it runs in can stand in front of ours.
        program = [sys.executable, "-P", "-m", "cli.demo.worker"]
        return [*program, self.address, self.namespace, self.name, *queues]

    @classmethod
    def parse(cls, arguments: list[str]) -> Self:
        """Raises `ValueError` for anything that `arguments` does not give."""
        address, namespace, name, *queues = arguments
        pairs = (queue.rsplit("=", 1) for queue in queues)
        return cls(address, namespace, name, tuple((queue, int(slots)) for queue, slots in pairs))
