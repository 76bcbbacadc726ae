"""The models by name. Costs nothing to import: numpy and the models' own packages come later."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

__all__ = ["ModelName", "ModelNotInstalledError", "needing_extra"]


class ModelName(StrEnum):
    """What can forecast; see `analytics.forecasting.models`."""

    ENSEMBLE = "ensemble"
    RIDGE = "ridge"
    LIGHTGBM = "lightgbm"
    RANDOM_FOREST = "random_forest"
    PERSISTENCE = "persistence"
    SEASONAL_NAIVE = "seasonal_naive"


class ModelNotInstalledError(Exception):
    """The model needs packages that an extra installs; the message names it. Install it."""


@contextmanager
def needing_extra(model: str) -> Iterator[None]:
    """Around the imports of a model's own packages. Raises `ModelNotInstalledError`.

    An extra is called as its model is, with a hyphen.
    """
    try:
        yield
    except ImportError as error:
        extra = model.replace("_", "-")
        raise ModelNotInstalledError(
            f"the model {model} needs the package {error.name}: pip install 'woa[{extra}]', or "
            "choose another model"
        ) from error
