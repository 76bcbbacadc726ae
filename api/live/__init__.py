"""Live updates: what was announced in the outbox, told to everybody who asked for it."""

from api.live.fanout import Live, TooManySessionsError
from api.live.session import Session, SessionOverError

__all__ = ["Live", "Session", "SessionOverError", "TooManySessionsError"]
