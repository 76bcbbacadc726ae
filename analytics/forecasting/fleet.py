"""Forecasts of many series: chunks of them, for whoever spreads chunks over processes.

A chunk gives exactly what its series would give one by one, but for a model that series share
(`lightgbm`): those of a chunk learn it together. Nothing here starts a process or a thread.
"""

from collections.abc import Sequence

from analytics.forecasting.models import TOGETHER, Learnt
from analytics.forecasting.outlook import Outlook, outlook
from analytics.forecasting.series import FloatArray

__all__ = ["go_on_chunk", "learn_chunk"]


def learn_chunk(
    histories: Sequence[FloatArray], horizon: int, season: int, model: str = "ensemble"
) -> list[Outlook | None]:
    """`outlook` of each history, in their order; None where it is too short.

    Raises `ModelNotInstalledError`.
    """
    together: Sequence[Learnt | None] = [None] * len(histories)
    if model in TOGETHER:
        together = TOGETHER[model](histories, horizon, season)
    return [
        outlook(history, horizon, season, model, learnt_together=learnt)
        for history, learnt in zip(histories, together, strict=True)
    ]


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
