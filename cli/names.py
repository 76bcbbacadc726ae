"""Names in place of ids: what a person types, found among what there is."""

from collections.abc import Iterator, Mapping, Sequence

from cli.exits import CommandError, UsageError

__all__ = ["choose"]

SHOWN = 10


def choose(kind: str, wanted: str, names: Mapping[str, str]) -> str:
    """The id that `wanted` means among `names` (id -> name of parts joined by `/`).

    An id, a whole name, its last part, the beginning of either, or any part of the name, the
    first of these that anything fits. Raises `UsageError` when several fit, `CommandError` when
    none does; both list candidates.
    """
    for fitting in _fitting(wanted, names):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UsageError(
                f"several {kind}s fit {wanted!r}; say more, or give the id:\n"
                + _shown(fitting, names)
            )
    if not names:
        raise CommandError(f"there is no {kind} yet")
    raise CommandError(f"no {kind} fits {wanted!r}; there are:\n" + _shown(list(names), names))


def _fitting(wanted: str, names: Mapping[str, str]) -> Iterator[list[str]]:
    folded = wanted.casefold()
    whole = {id_: name.casefold() for id_, name in names.items()}
    last = {id_: name.rpartition("/")[2] for id_, name in whole.items()}
    yield [id_ for id_ in names if id_.casefold() == folded]
    yield [id_ for id_ in names if whole[id_] == folded]
    yield [id_ for id_ in names if last[id_] == folded]
    yield [id_ for id_ in names if whole[id_].startswith(folded) or last[id_].startswith(folded)]
    yield [id_ for id_ in names if folded in whole[id_]]


def _shown(ids: Sequence[str], names: Mapping[str, str]) -> str:
    lines = [f"  {names[id_]}  {id_}" for id_ in ids[:SHOWN]]
    if len(ids) > SHOWN:
        lines.append(f"  and {len(ids) - SHOWN} more")
    return "\n".join(lines)
