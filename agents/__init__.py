"""Agents: one folder an orchestrator, and what they share to collect, keep and publish."""
