"""Any record that validates, made from the contracts themselves."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from itertools import accumulate
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Le, Lt, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, JsonValue
from pydantic.fields import FieldInfo

from contracts.orchestrator import LatencyHistogram, Metadata

__all__ = ["records"]

R = TypeVar("R", bound=BaseModel)

MOST = 2**63 - 1
TIMES = st.integers(0, 2**33).flatmap(
    lambda second: st.sampled_from([0, 1, 999_999]).map(
        lambda microsecond: datetime.fromtimestamp(second, UTC).replace(microsecond=microsecond)
    )
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "a\0b", "\\u0000", "'; --", "{}", "a.b", '"', "\U0001f600", "\u202e", "x" * 3000]
)
# Beyond 2**53 not every integer is a double, and a JSON number is one or the other.
JSON_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(
    -1e15, 1e15, allow_nan=False, allow_subnormal=False
)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | JSON_NUMBERS | TEXTS,
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=8), parts, max_size=3)
    ),
    max_leaves=6,
)


def records(model: type[R], fixed: Mapping[str, object] | None = None) -> st.SearchStrategy[R]:
    """Instances of `model` with any values its fields take; `fixed` ones are as given."""
    return _fields(model, fixed or {}).map(model.model_validate)


def _fields(model: type[BaseModel], fixed: Mapping[str, object]) -> st.SearchStrategy[Any]:
    if model is LatencyHistogram:
        return _histograms()
    parts = {
        name: st.just(fixed[name]) if name in fixed else _field(field)
        for name, field in model.model_fields.items()
    }
    known = st.fixed_dictionaries(parts)
    if model is not Metadata:
        return known
    own = st.dictionaries(st.text(max_size=8).map("x_{}".format), JSON, max_size=2)
    return st.tuples(own, known).map(lambda both: both[0] | both[1])


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _of(field.annotation, tuple(field.metadata))


def _of(kind: Any, limits: tuple[object, ...] = ()) -> st.SearchStrategy[Any]:
    origin = get_origin(kind)
    if origin is not None:
        return COMPOSED[origin](get_args(kind), limits)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _fields(kind, {})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    return PLAIN[kind](limits)


def _union(arguments: tuple[Any, ...], limits: tuple[object, ...]) -> st.SearchStrategy[Any]:
    return st.one_of(*(_of(each, limits) for each in arguments))


COMPOSED: dict[object, Callable[[tuple[Any, ...], tuple[object, ...]], st.SearchStrategy[Any]]] = {
    Annotated: lambda arguments, limits: _of(arguments[0], (*_flat(arguments[1:]), *limits)),
    Union: _union,
    UnionType: _union,
    Literal: lambda arguments, _: st.sampled_from(arguments),
    tuple: lambda arguments, _: st.lists(_of(arguments[0]), max_size=3).map(tuple),
    dict: lambda arguments, _: st.dictionaries(_of(arguments[0]), _of(arguments[1]), max_size=3),
}


def _flat(metadata: tuple[object, ...]) -> tuple[object, ...]:
    """`Field(ge=0)` inside of `Annotated` keeps its limits in a list of its own."""
    found: list[object] = []
    for each in metadata:
        found.extend(each.metadata if isinstance(each, FieldInfo) else (each,))
    return tuple(found)


def _bound(limits: tuple[object, ...], kind: type, name: str, default: Any) -> Any:
    found = [getattr(each, name) for each in limits if isinstance(each, kind)]
    return found[-1] if found else default


def _integers(limits: tuple[object, ...]) -> st.SearchStrategy[int]:
    low = _bound(limits, Ge, "ge", -MOST - 1)
    high = _bound(limits, Lt, "lt", MOST + 1) - 1
    return st.integers(low, high) | st.sampled_from([max(low, 0), high])


def _floats(limits: tuple[object, ...]) -> st.SearchStrategy[float]:
    low, high = _bound(limits, Ge, "ge", None), _bound(limits, Le, "le", None)
    edges = [0.0, 1.0] if high is not None else [0.0, 5e-324, 1.7976931348623157e308]
    return st.floats(low, high, allow_nan=False, allow_infinity=False) | st.sampled_from(edges)


def _texts(limits: tuple[object, ...]) -> st.SearchStrategy[str]:
    low, high = _bound(limits, MinLen, "min_length", 0), _bound(limits, MaxLen, "max_length", None)
    if high is None:
        return TEXTS if low == 0 else TEXTS.filter(bool)
    return st.text(min_size=low, max_size=high)


PLAIN: dict[object, Callable[[tuple[object, ...]], st.SearchStrategy[Any]]] = {
    int: _integers,
    float: _floats,
    str: _texts,
    bool: lambda _: st.booleans(),
    UUID: lambda _: st.uuids(),
    datetime: lambda _: TIMES,
    AwareDatetime: lambda _: TIMES,
    JsonValue: lambda _: JSON,
    NoneType: lambda _: st.none(),
}


def _histograms() -> st.SearchStrategy[dict[str, object]]:
    steps = st.lists(st.floats(0.001, 1e6), max_size=5)
    bounds = steps.map(lambda widths: tuple(sorted(set(accumulate(widths)))))

    def counted(bounds_ms: tuple[float, ...]) -> st.SearchStrategy[dict[str, object]]:
        size = len(bounds_ms) + 1
        counts = st.lists(st.integers(0, MOST), min_size=size, max_size=size)
        return st.fixed_dictionaries(
            {
                "bounds_ms": st.just(bounds_ms),
                "counts": counts,
                "sum_ms": st.floats(0, 1e300, allow_nan=False),
            }
        )

    return cast("st.SearchStrategy[dict[str, object]]", bounds.flatmap(counted))
