"""One module a subject; each gives a router."""

__all__ = ["PREFIX"]

PREFIX = "/api/v1/orchestration-analytics"
