"""`woa dead-letters`: messages that were set aside, to look at and to try again."""

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from cli.database import database_address
from cli.exits import CommandError, Exit, UsageError
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.tables import age, number, printable, show_table
from ingest.replay import replay
from store.connection import Connection, open_pool
from store.dead_letters import Chosen, DeadLetterHead, DeadLetters
from store.errors import StoreUnavailableError
from store.staging import DeadLetter
from store.write import Writer

__all__ = ["run_list", "run_replay", "run_show"]

DETAIL_CHARACTERS = 80


def run_list(settings: Settings, chosen: Chosen, *, limit: int, as_json: bool) -> Exit:
    """The newest first. Raises `CommandError`."""
    return _run(settings, lambda opened: _list(opened, chosen, limit, as_json=as_json))


def run_show(settings: Settings, letter_id: str, *, as_json: bool, payload: bool) -> Exit:
    """One, whole; with `payload` only the bytes that it carries. Raises `CommandError`."""
    return _run(settings, lambda opened: _show(opened, letter_id, as_json=as_json, payload=payload))


def run_replay(settings: Settings, chosen: list[Chosen], *, dry_run: bool) -> Exit:
    """Exit code 1 when one of them is still no record. Raises `CommandError`."""
    return _run(settings, lambda opened: _replay(opened, settings, chosen, dry_run=dry_run))


@dataclass(frozen=True)
class _Opened:
    pool: AsyncConnectionPool[Connection]
    letters: DeadLetters


def _run(settings: Settings, work: Callable[[_Opened], Coroutine[None, None, Exit]]) -> Exit:
    async def opened() -> Exit:
        async with _open(settings) as database:
            return await work(database)

    try:
        return asyncio.run(opened())
    except StoreUnavailableError as error:
        raise CommandError(str(error)) from error


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[_Opened]:
    async with database_address(settings, may_make=False) as url:
        pool = await open_pool(url, application_name="woa dead-letters")
        async with pool:
            yield _Opened(pool, DeadLetters(pool))


async def _list(opened: _Opened, chosen: Chosen, limit: int, *, as_json: bool) -> Exit:
    heads = await opened.letters.heads(chosen, limit)
    if as_json:
        print(json.dumps([asdict(head) for head in heads], indent=2, default=str))
        return Exit.OK
    if not heads:
        print("No dead letters")
        return Exit.OK
    headers = ("ID", "AGE", "TOPIC", "PARTITION", "OFFSET", "BYTES", "REASON", "DETAIL")
    show_table(headers, map(_cells, heads), (*headers[3:6], "AGE"))
    total = await opened.letters.count(chosen)
    if total > len(heads):
        print(f"\n{len(heads)} of {number(total)}: --limit shows more, --reason and --topic fewer")
    return Exit.OK


def _cells(head: DeadLetterHead) -> tuple[str, ...]:
    detail = head.detail
    if len(detail) > DETAIL_CHARACTERS:
        detail = detail[: DETAIL_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return (
        str(head.id),
        age(head.received_at, utc_now()),
        head.topic,
        str(head.partition),
        str(head.offset),
        number(head.payload_bytes),
        head.reason,
        detail,
    )


async def _show(opened: _Opened, letter_id: str, *, as_json: bool, payload: bool) -> Exit:
    head = await _one(opened, letter_id)
    letter = await opened.letters.letter(head.id)
    if letter is None:
        raise CommandError(f"dead letter {head.id} is gone")
    if payload:
        sys.stdout.buffer.write(letter.payload)
    elif as_json:
        document = asdict(head) | {
            "headers": dict(letter.headers),
            "payload_base64": b64encode(letter.payload).decode(),
        }
        print(json.dumps(document, indent=2, default=str))
    else:
        for name, value in asdict(head).items():
            print(f"{name:<14} {printable(str(value))}")
        for name, value in letter.headers.items():
            print(f"{'header':<14} {printable(name)}: {printable(value)}")
        print(f"\n{_readable(letter)}")
    return Exit.OK


def _readable(letter: DeadLetter) -> str:
    text = letter.payload.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2)
    except ValueError:
        return "\n".join(map(printable, text.split("\n")))


async def _one(opened: _Opened, letter_id: str) -> DeadLetterHead:
    heads = await opened.letters.heads(Chosen(id=letter_id), 2)
    if not heads:
        raise CommandError(f"no dead letter has an id that begins with {letter_id}")
    if len(heads) > 1:
        raise UsageError(f"several dead letters have ids that begin with {letter_id}: say more")
    return heads[0]


async def _replay(
    opened: _Opened, settings: Settings, chosen: list[Chosen], *, dry_run: bool
) -> Exit:
    heads: list[DeadLetterHead] = []
    for each in chosen:
        if each.id is None:
            heads += await opened.letters.heads(each, None)
        else:
            heads.append(await _one(opened, each.id))
    latest = utc_now() + timedelta(seconds=settings.ingest.max_ahead_s)
    if dry_run:
        print(f"Would try {len(heads)}; nothing was changed")
        return Exit.OK
    stored = failed = 0
    # The oldest first: as they came.
    ids = [head.id for head in reversed(heads)]
    async for replayed in replay(opened.letters, Writer(opened.pool), ids, latest):
        if replayed.error is None:
            stored += 1
        else:
            failed += 1
            print(f"{replayed.id}  still no record: {printable(replayed.error)}")
    print(f"Stored {stored} of {len(heads)}" + (f"; {failed} stay dead letters" if failed else ""))
    return Exit.FAILED if failed else Exit.OK
