"""The Prefect agent: one Prefect server, or one workspace of Prefect Cloud."""

from agents.prefect.collector import PrefectCollector
from agents.prefect.config import PrefectConfig

__all__ = ["PrefectCollector", "PrefectConfig"]
