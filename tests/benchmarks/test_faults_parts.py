"""What the auditor stands on: its traffic, its journal, its network and its disks."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from benchmarks.faults.auditor import passed
from benchmarks.faults.child import Child
from benchmarks.faults.disk import LimitedFiles
from benchmarks.faults.faults import FAULTS, FEW, MANY
from benchmarks.faults.journal import JournalWriter, Known, Poisoned, Put, entries
from benchmarks.faults.producer import entry_of
from benchmarks.faults.traffic import (
    REASONS,
    STEP,
    Load,
    Poison,
    Valid,
    duration,
    traffic,
)
from benchmarks.servers import free_ports
from bus.port import Message
from contracts.topics import time_of
from tests.records import NOON, orchestrator_record

LOAD = Load(1, 4_000, NOON)
MESSAGE = Message("topic", "key", b"\0\xff no text", {"name": "value"})


def test_traffic_is_what_it_says() -> None:
    sent = list(traffic(LOAD))
    valid = Counter(item.record.id for item in sent if isinstance(item, Valid))
    poison = Counter(item.name for item in sent if isinstance(item, Poison))
    times = [time_of(item.record) for item in sent if isinstance(item, Valid)]

    assert len(valid) == LOAD.records
    assert valid.total() - len(valid) == pytest.approx(0.05 * LOAD.records, rel=0.2)
    assert len(poison) == pytest.approx(0.01 * LOAD.records, rel=0.3)
    assert {item.kind for item in sent if isinstance(item, Poison)} == REASONS.keys()
    assert sum(later < earlier for earlier, later in pairwise(times)) > 100
    assert max(times) <= NOON + duration(LOAD.records) + STEP


def test_traffic_of_one_seed_is_always_the_same() -> None:
    def names(seed: int) -> list[object]:
        return [
            item.record.id if isinstance(item, Valid) else item.name
            for item in traffic(Load(seed, 500, NOON))
        ]

    assert names(1) == names(1)
    assert names(1) != names(2)


@asynccontextmanager
async def child(log: Path, module: str, *arguments: str) -> AsyncIterator[Child]:
    process = await Child.start(log, f"benchmarks.faults.{module}", *arguments)
    try:
        assert await process.answer() == "ready"
        yield process
    finally:
        await process.stop()


async def test_the_journal_has_what_it_was_told_before_it_answers(tmp_path: Path) -> None:
    file, socket = tmp_path / "journal", tmp_path / "socket"
    record = Valid(orchestrator_record())
    told = [entry_of(record), Poisoned("one", "broken_json", "not_json", MESSAGE), Put(("one",))]
    async with child(tmp_path / "log", "journal", str(file), str(socket)) as journal:
        writer = await JournalWriter.connect(socket)
        await writer.note(told[:1])
        first = list(entries(file))
        await writer.note(told[1:])
        journal.process.kill()
        await journal.process.wait()
        with pytest.raises(ConnectionError):
            await writer.note(told)
        await asyncio.gather(writer.aclose(), return_exceptions=True)

    assert first == told[:1]
    assert list(entries(file)) == told
    assert isinstance(told[0], Known)


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


Call = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Call]:
    """Calls through the proxy; the answer is empty when the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def call(text: str) -> str:
        try:
            writer.write(text.encode())
            return (await reader.read(100)).decode()
        except ConnectionError:
            return ""

    try:
        yield call
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def called(port: int, text: str) -> str:
    async with connected(port) as call:
        return await call(text)


async def test_a_network_is_cut_and_mended(tmp_path: Path) -> None:
    port, other_port = free_ports(2)
    async with echo() as target, asyncio.timeout(60):
        routes = json.dumps([("one", port, target), ("other", other_port, target)])
        async with child(tmp_path / "log", "proxy", routes) as proxy:

            async def change(mode: str) -> str:
                await proxy.tell(f"one {mode}")
                return await proxy.answer()

            async with connected(port) as call, connected(other_port) as call_other:
                before = await call("a")
                refused = await change("refuse")
                cut = await call("b"), await called(port, "b"), await call_other("b")
            await change("mend")
            async with connected(port) as call:
                again = await call("c")
                silenced = await change("silence")
                calling = asyncio.ensure_future(call("d"))
                _, waiting = await asyncio.wait([calling], timeout=0.5)
                await change("mend")
                lost = await calling
            mended = await called(port, "e")

    assert (before, again, mended) == ("a", "c", "e")
    assert cut == ("", "", "b")
    assert (refused, silenced) == ("1", "1")
    assert waiting == {calling}
    assert lost == ""


GROW = """
import sys
with open(sys.argv[1], "ab", buffering=0) as file:
    for line in sys.stdin:
        try:
            file.write(b"x" * 1000)
        except OSError as error:
            print(type(error).__name__, flush=True)
        else:
            print("written", flush=True)
"""


def test_files_that_may_not_grow_and_may_again(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GROW, str(tmp_path / "file")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        disk = LimitedFiles(tmp_path, lambda: [psutil.Process(process.pid)])

        def grow() -> str:
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        said = [grow()]
        disk.fill()
        said.append(grow())
        disk.clear()
        said.append(grow())
        process.kill()

    assert said == ["written", "OSError", "written"]


def test_every_fault_strikes_in_every_run() -> None:
    assert FEW.keys() == MANY.keys() == FAULTS.keys()
    assert min(FEW.values()) >= 1
    assert (MANY["ingest_killed"], MANY["postgres_killed"], MANY["broker_killed"]) == (20, 5, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        *("missing", "duplicated", "wrong_rollups"),
        *("wrong_latest", "wrong_dead_letters", "unaccounted"),
    ],
)
def test_one_thing_wrong_is_a_failure(wrong: str) -> None:
    figures: dict[str, float | str] = dict.fromkeys(
        (
            *("missing", "duplicated", "wrong_rollups"),
            *("wrong_latest", "wrong_dead_letters", "unaccounted"),
        ),
        0,
    )

    assert passed(figures)
    assert not passed(figures | {wrong: 1})
