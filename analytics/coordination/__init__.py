"""How the parts of an orchestrator agree: the health of it, and what goes wrong."""

from analytics.coordination.monitor import CoordinationMonitor

__all__ = ["CoordinationMonitor"]
