"""How the parts of an orchestrator agree: the health of it, and what goes wrong."""
