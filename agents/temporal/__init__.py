"""Agent for Temporal; see README.md in this folder."""

from agents.temporal.collector import TemporalCollector
from agents.temporal.config import TemporalConfig

__all__ = ["TemporalCollector", "TemporalConfig"]
