"""Alert rules as data: what a rule file may say.

A pack is a YAML document of rules. All conditions of a rule must hold for `for_s` before it
fires, and one of them must have cleared for `clear_for_s` before it ends. Times are seconds.
"""

from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    model_validator,
)

from analytics.alerting.signals import SIGNALS
from contracts.alerts import AlertRoute, AlertSeverity
from contracts.base import NonNegative, Ratio
from contracts.orchestrator import OrchestratorType

__all__ = [
    "PACKS",
    "BurnRate",
    "Condition",
    "DrainTime",
    "Override",
    "Rule",
    "RulePack",
    "Threshold",
    "packaged",
    "packaged_text",
    "read_pack",
]

PACKS = ("default", "spec")
LIMITS = ("above", "at_least", "below", "at_most", "equals")


def _known(name: str) -> str:
    if name not in SIGNALS:
        raise ValueError(f"no signal is called {name}; there are {', '.join(SIGNALS)}")
    return name


SignalName = Annotated[str, AfterValidator(_known)]
"""A name of `analytics.alerting.signals.SIGNALS`: a rule on another would never fire."""


class Declared(BaseModel):
    """Base of what a rule file says: an unknown key is refused, and so is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Threshold(Declared):
    """A signal against one limit. Between the limit and `clear` it neither holds nor clears."""

    kind: Literal["threshold"] = "threshold"
    signal: SignalName
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    equals: str | None = None
    clear: float | None = Field(
        default=None, description="Cleared when it is back at this; null: when it does not hold."
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{self.signal}: give one of {', '.join(LIMITS)}, not {len(given)}")
        limit = self.limit
        if self.clear is not None and (
            limit is None or (self.clear > limit if self.rises else self.clear < limit)
        ):
            raise ValueError(f"{self.signal}: clear {self.clear} is beyond the limit {limit}")
        return self

    @property
    def rises(self) -> bool:
        """Is it the high values that are bad?"""
        return self.above is not None or self.at_least is not None

    @property
    def limit(self) -> float | None:
        """The number it is held against; null for `equals`."""
        numbers = (self.above, self.at_least, self.below, self.at_most)
        return next((it for it in numbers if it is not None), None)

    def names(self) -> set[str]:
        """What a message may speak of."""
        return {self.signal}


class DrainTime(Declared):
    """How long what waits would take at the rate of the last `window_s`: waiting / rate.

    (Little's law.) It clears only when the time is back at `clear_s`. Where nothing was
    finished in the window the time has no end, which holds.
    """

    kind: Literal["drain_time"]
    waiting: SignalName = Field(description="Items that wait.")
    finished: SignalName = Field(description="Items finished in the interval.")
    window_s: PositiveFloat
    above_s: PositiveFloat
    clear_s: NonNegative = 0.0

    def names(self) -> set[str]:
        """What a message may speak of."""
        return {self.waiting, f"{self.finished}_in_window", "window_s"}


class BurnRate(Declared):
    """An error budget that burns too fast over a long window and a short one, both at once.

    The burn rate is (bad / total) / `budget_ratio`; the short window ends the alert soon after
    the burning (Google, The Site Reliability Workbook, chapter 5).
    """

    kind: Literal["burn_rate"]
    bad: SignalName = Field(description="Events that break the objective.")
    total: SignalName = Field(description="All events.")
    budget_ratio: Annotated[Ratio, Field(gt=0)]
    factor: PositiveFloat
    long_s: PositiveFloat
    short_s: PositiveFloat
    min_events: int = Field(ge=1, description="Fewer in the long window are not judged.")

    def names(self) -> set[str]:
        """What a message may speak of."""
        return {f"{self.bad}_ratio", f"{self.total}_in_window", "burn_rate"}


Condition = Threshold | DrainTime | BurnRate


class Override(Declared):
    """What differs for one kind of orchestrator; null: as for all."""

    when: tuple[Condition, ...] | None = Field(default=None, min_length=1)
    for_s: NonNegative | None = None
    enabled: bool = True


class Rule(Declared):
    """One rule. Its name and its subject are the key by which its alerts are told apart."""

    name: str = Field(min_length=1)
    message: str = Field(
        min_length=1, description="Python format of the names that the conditions know."
    )
    severity: AlertSeverity
    escalate: Threshold | None = Field(
        default=None, description="Critical while this holds, whatever `severity` says."
    )
    route: AlertRoute
    when: tuple[Condition, ...] = Field(min_length=1)
    for_s: NonNegative = 0.0
    clear_for_s: NonNegative = 0.0
    grace_s: NonNegative = Field(
        default=0.0, description="Not judged for so long after it was first seen or came back."
    )
    per_orchestrator: dict[OrchestratorType, Override] = {}

    @model_validator(mode="after")
    def _message_is_known(self) -> Self:
        overrides = (it.when for it in self.per_orchestrator.values() if it.when is not None)
        for when in (self.when, *overrides):
            known = dict.fromkeys(set().union(*(it.names() for it in when)), 1.0)
            try:
                self.message.format(**(known | dict.fromkeys(_texts(when), "text")))
            except (KeyError, IndexError, AttributeError) as error:
                raise ValueError(f"{self.name}: no condition knows {error}") from error
        return self

    def of(self, kind: OrchestratorType | None) -> Self | None:
        """The rule as it is for a kind of orchestrator; null: it has none there."""
        override = self.per_orchestrator.get(kind) if kind is not None else None
        if override is None:
            return self
        if not override.enabled:
            return None
        changes = override.model_dump(include={"for_s"}, exclude_none=True)
        return self.model_copy(update=changes | ({"when": override.when} if override.when else {}))


def _texts(when: tuple[Condition, ...]) -> set[str]:
    return {it.signal for it in when if isinstance(it, Threshold) and it.equals is not None}


class RulePack(Declared):
    """Rules of different names."""

    name: str = Field(min_length=1)
    description: str = ""
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules of one name: {', '.join(twice)}")
        return self


def read_pack(text: str) -> RulePack:
    """The rules of a YAML document. Raises `ValueError` that says where it is wrong."""
    try:
        return RulePack.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def packaged(name: str) -> RulePack:
    """One of `PACKS`, which come with the product. Raises `KeyError` for another name."""
    return read_pack(packaged_text(name))


def packaged_text(name: str) -> str:
    """The same as it is written. Raises `KeyError` for another name."""
    if name not in PACKS:
        raise KeyError(name)
    return (files("analytics.alerting") / "packs" / f"{name}.yaml").read_text()
