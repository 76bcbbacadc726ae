"""Forecasts of many series: chunks of them, for whoever spreads chunks over processes.

Each series is on its own, so a chunk gives what its series would give one by one, whatever the
chunks are. Nothing here starts a process or a thread.
"""

from collections.abc import Sequence

from analytics.forecasting.outlook import Outlook, outlook
from analytics.forecasting.series import FloatArray

__all__ = ["go_on_chunk", "learn_chunk"]


def learn_chunk(
    histories: Sequence[FloatArray], horizon: int, season: int, model: str = "ensemble"
) -> list[Outlook | None]:
    """`outlook` of each history, in their order; None where it is too short."""
    return [outlook(history, horizon, season, model) for history in histories]


def go_on_chunk(
    outlooks: Sequence[Outlook | None], histories: Sequence[FloatArray], new: int
) -> list[Outlook | None]:
    """Each outlook `new` values later, without learning: some twentieth of the work.

    `histories` end with the new values. What has no outlook has none later, either.
    """
    return [
        None if found is None else found.after(history, new)
        for found, history in zip(outlooks, histories, strict=True)
    ]
