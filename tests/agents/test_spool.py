"""The spool keeps what the bus has not taken, in order, within its bounds, whatever happens."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.spool import Spool, SpoolError, SpoolLimits
from bus.port import Message

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def message(text: str) -> Message:
    return Message("topic", "key", text.encode(), {"header": text})


async def contents(spool: Spool) -> list[str]:
    return [spooled.message.value.decode() for spooled in await spool.head(1_000)]


async def test_a_message_comes_back_whole(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db") as spool:
        await spool.append([message("one")], NOON)

        assert [spooled.message for spooled in await spool.head(10)] == [message("one")]


async def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db") as spool:
        await spool.append([message("one"), message("two")], NOON)
    async with Spool(tmp_path / "spool.db") as spool:
        assert await contents(spool) == ["one", "two"]


async def test_only_what_is_removed_leaves(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db") as spool:
        await spool.append([message(c) for c in "abc"], NOON)
        first = await spool.head(1)
        await spool.remove([first[0].seq])

        assert await contents(spool) == ["b", "c"]


async def test_a_full_spool_drops_the_oldest_and_counts(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db", SpoolLimits(max_bytes=3)) as spool:
        dropped = await spool.append([message(c) for c in "abcde"], NOON)
        state = await spool.state()

        assert await contents(spool) == ["c", "d", "e"]
        assert (dropped, state.dropped, state.records, state.bytes) == (2, 2, 3, 3)


async def test_old_messages_are_given_up_and_counted(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db", SpoolLimits(max_age_s=60)) as spool:
        await spool.append([message("old")], NOON)
        await spool.append([message("new")], NOON + timedelta(seconds=61))

        assert await contents(spool) == ["new"]
        assert (await spool.state()).dropped == 1


async def test_the_count_of_dropped_messages_survives(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db", SpoolLimits(max_bytes=1)) as spool:
        await spool.append([message("a"), message("b")], NOON)
    async with Spool(tmp_path / "spool.db") as spool:
        assert (await spool.state()).dropped == 1


async def test_head_is_bounded_in_bytes(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db") as spool:
        await spool.append([message("x" * 3_000_000) for _ in range(3)], NOON)

        assert len(await spool.head(100)) == 1


async def test_an_unusable_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "spool.db").mkdir()
    async with Spool(tmp_path / "spool.db") as spool:
        with pytest.raises(SpoolError, match="WOA_STATE_DIR"):
            await spool.append([message("a")], NOON)


async def test_a_killed_process_leaves_every_acknowledged_message(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from agents.spool import Spool
from bus.port import Message

async def fill(path: Path) -> None:
    async with Spool(path) as spool:
        for number in range(10_000):
            await spool.append([Message("t", "k", str(number).encode())], datetime.now(UTC))
            print(number, flush=True)

asyncio.run(fill(Path(sys.argv[1])))
"""
    path = tmp_path / "spool.db"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(50)]
        process.kill()
        seen += [int(line) for line in process.stdout]

    async with Spool(path) as spool:
        kept = {int(text) for text in await contents(spool)}

    assert set(seen) <= kept
