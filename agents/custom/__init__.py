"""The Custom agent: a home-grown orchestrator, read by a mapping or pushed as records."""

from agents.custom.collector import CustomCollector
from agents.custom.config import CustomConfig

__all__ = ["CustomCollector", "CustomConfig"]
