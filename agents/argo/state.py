"""What is kept of each workflow: little, because bodies reach a megabyte."""

import base64
import binascii
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from sys import intern
from zlib import error as zlib_error

import msgspec
from msgspec import Struct

from agents.argo.wire import Held, Locks, Node, Status, Workflow
from agents.kubernetes.state import PodState, pod_state
from agents.kubernetes.wire import Pod

__all__ = ["WORKFLOW", "StepPod", "Steps", "WorkflowState", "step_pod", "workflow_state"]

WORKFLOW = "workflows.argoproj.io/workflow"
ARCHIVING = "workflows.argoproj.io/workflow-archiving-status"
POSTPONED = "too many workflows are already running"
LOCK_LIMIT = re.compile(r"Waiting for (\S+) lock\. Lock status: \d+/(\d+)")
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Steps(Struct, frozen=True, gc=False):
    """The pods that a workflow had made, by how they went. `waiting`: for a lock each."""

    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    pending: int = 0
    running: int = 0
    waiting: tuple[str, ...] = ()
    paused: bool = False


class WorkflowState(Struct, frozen=True, gc=False):
    """A workflow. `steps` is a text where they cannot be read, saying why."""

    name: str
    namespace: str
    uid: str
    phase: str
    created: datetime | None
    begun: datetime | None
    ended: datetime | None
    priority: int
    held_back: bool
    postponed: bool
    steps: Steps | str
    holds: tuple[str, ...]
    waits_for: tuple[str, ...]
    limits: tuple[tuple[str, int], ...]
    to_archive: bool = False

    @property
    def over(self) -> bool:
        return self.phase in ("Succeeded", "Failed", "Error")

    @property
    def pending(self) -> bool:
        """Whether it has not begun."""
        return self.phase in ("", "Pending")

    @property
    def let_in(self) -> bool:
        """Whether it counts against the limits: it has begun and is not over, or it waits for a
        lock, which Argo asks for only when a limit has let it in.
        """
        return not self.over and (not self.pending or self.cause == "lock")

    @property
    def suspended(self) -> bool:
        """Whether somebody has to say that it may go on, and nothing of it runs meanwhile."""
        if self.over or self.held_back:
            return not self.over
        steps = self.steps
        return isinstance(steps, Steps) and steps.paused and not (steps.pending or steps.running)

    @property
    def cause(self) -> str:
        """What a workflow that has not begun waits for. Whose limit it is, its status does not
        tell: see `Figures.cause_of`.
        """
        if self.held_back:
            return "suspended"
        if self.waits_for:
            return "lock"
        return "limit" if self.postponed else "controller"


class StepPod(PodState, frozen=True, gc=False):
    """A pod of a step, and the workflow it belongs to."""

    workflow: str = ""


def workflow_state(workflow: Workflow) -> WorkflowState:
    meta, status = workflow.metadata, workflow.status
    phase = status.phase or ""
    message = status.message or ""
    found = LOCK_LIMIT.search(message)
    return WorkflowState(
        name=meta.name,
        namespace=intern(meta.namespace or ""),
        uid=meta.uid,
        phase=intern(phase),
        created=meta.creation_timestamp,
        begun=None if phase in ("", "Pending") else status.started_at,
        ended=status.finished_at,
        priority=workflow.spec.priority or 0,
        held_back=bool(workflow.spec.suspend),
        postponed=POSTPONED in message,
        steps=_steps(status),
        holds=tuple(sorted(_names(_locks(status), "holding"))),
        waits_for=tuple(sorted(_names(_locks(status), "waiting"))),
        limits=((intern(found[1]), int(found[2])),) if found else (),
        to_archive=meta.labels.get(ARCHIVING) == "Pending",
    )


def step_pod(pod: Pod) -> StepPod:
    kept = msgspec.structs.asdict(pod_state(pod))
    return StepPod(**kept, workflow=intern(pod.metadata.labels.get(WORKFLOW, "")))


def _locks(status: Status) -> tuple[Locks, ...]:
    both = status.synchronization
    found = () if both is None else (both.mutex, both.semaphore)
    return tuple(each for each in found if each is not None)


def _names(locks: Iterable[Locks], which: str) -> Iterator[str]:
    for each in locks:
        held: list[Held] | None = getattr(each, which)
        for one in held or ():
            if which == "waiting" or one.holder or one.holders:
                yield intern(one.lock)


def _steps(status: Status) -> Steps | str:
    nodes = _nodes(status)
    return nodes if isinstance(nodes, str) else _counted(nodes.values())


def _nodes(status: Status) -> Mapping[str, Node] | str:
    if status.offload_node_status_version:
        return "its steps are in Argo's database"
    if not status.compressed_nodes:
        return status.nodes or {}
    try:
        packed = base64.b64decode(status.compressed_nodes)
        if packed.startswith(ZSTD):
            return "its steps are packed by zstd, which is not read"
        if not packed.startswith(GZIP):
            return "its steps are packed in a way that is not known"
        return msgspec.json.decode(gzip.decompress(packed), type=dict[str, Node])
    except (binascii.Error, OSError, EOFError, zlib_error, msgspec.DecodeError) as error:
        return f"its steps cannot be unpacked: {error}"


def _counted(nodes: Iterable[Node]) -> Steps:
    made = [node for node in nodes if node.type in ("Pod", "Suspend")]
    pods = [node for node in made if node.type == "Pod"]
    phases = [node.phase or "" for node in pods]
    return Steps(
        succeeded=phases.count("Succeeded"),
        failed=phases.count("Failed") + phases.count("Error"),
        retried=sum(bool(node.node_flag and node.node_flag.retried) for node in pods),
        pending=phases.count("Pending") + phases.count(""),
        running=phases.count("Running"),
        waiting=tuple(
            intern(node.synchronization_status.waiting)
            for node in pods
            if node.synchronization_status and node.synchronization_status.waiting
        ),
        paused=any(node.type == "Suspend" and node.phase == "Running" for node in made),
    )
