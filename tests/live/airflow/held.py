"""An executor that keeps tasks for a worker to come; imported by Airflow's own environment."""

import os
from pathlib import Path
from typing import Any

from airflow.executors.base_executor import BaseExecutor


class HeldExecutor(BaseExecutor):  # type: ignore[misc] # Airflow is not in our environment
    """Puts what a worker would be handed into a folder, one file for each run."""

    slots_occupied = 0
    slots_available = 1000

    def queue_workload(self, workload: Any, session: Any) -> None:
        """Whole or not at all: the file is read as soon as it is there."""
        folder = Path(os.environ["AIRFLOW_HOME"]) / "held"
        begun = folder / f".{workload.ti.run_id}"
        begun.write_text(workload.model_dump_json())
        begun.rename(folder / workload.ti.run_id)

    def end(self) -> None:
        """Nothing runs here."""

    def terminate(self) -> None:
        """Nothing runs here."""
