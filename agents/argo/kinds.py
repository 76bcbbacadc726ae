"""What is watched: what every controller has, and what may be there and may be read."""

from collections.abc import Callable, Sequence
from typing import Any

from agents.argo.config import ArgoConfig
from agents.argo.cron import CronWorkflow, cron_state
from agents.argo.limits import LIMITED, NamespaceLimit, namespace_limit
from agents.argo.state import WORKFLOW, step_pod, workflow_state
from agents.argo.tally import WorkflowTally
from agents.argo.wire import Workflow
from agents.calls import CallLog
from agents.kube.informer import Kind
from agents.kube.watches import Extra, Watches
from agents.kube.wire import Watched
from agents.kubernetes.leases import LeaseTrail
from agents.kubernetes.state import lease_state
from agents.kubernetes.tally import Tally
from agents.kubernetes.wire import Lease, Pod
from agents.missing import Missing

__all__ = ["always", "extras", "kept_limits"]

INSTANCE = "workflows.argoproj.io/controller-instanceid"
Followed = tuple[Kind[Any, Any], Callable[[Any, Any], None] | None]


def always(
    config: ArgoConfig, tally: WorkflowTally, pods: Tally, trail: LeaseTrail
) -> Sequence[Followed]:
    """Without any of these the record has gaps, and says so as an error."""
    within = _within(config)
    workflows, own_pods = f"/apis/argoproj.io/v1alpha1/{within}workflows", f"/api/v1/{within}pods"
    return (
        (
            Kind("workflows", workflows, Workflow, workflow_state, _selected(config)),
            tally.change,
        ),
        (Kind("pods", own_pods, Pod, step_pod, _selected(config, WORKFLOW)), pods.pod),
        (_leases(config), trail.change),
    )


def extras(config: ArgoConfig) -> Sequence[Extra]:
    """Watched where the account may read them."""
    limits = {"labelSelector": LIMITED}
    if config.namespace is not None:
        limits["fieldSelector"] = f"metadata.name={config.namespace}"
    return (
        Extra("namespaces", "", ("v1",), "namespaces", Watched, namespace_limit, params=limits),
        Extra(
            "cron workflows",
            "argoproj.io",
            ("v1alpha1",),
            f"{_within(config)}cronworkflows",
            CronWorkflow,
            cron_state,
            params=_selected(config),
        ),
    )


def kept_limits(watches: Watches, log: CallLog) -> Sequence[NamespaceLimit] | Missing:
    """Limits that namespaces have of their own. Who may not read them goes without: what the
    controller's settings say is taken for all."""
    found = watches.kept("namespaces", log)
    return () if isinstance(found, Missing) and "watch namespaces" in log.unsupported else found


def _within(config: ArgoConfig) -> str:
    return "" if config.namespace is None else f"namespaces/{config.namespace}/"


def _selected(config: ArgoConfig, *labels: str) -> dict[str, str]:
    """Those of this controller, and with these labels."""
    own = (
        INSTANCE
        if config.controller_instance is None
        else f"{INSTANCE}={config.controller_instance}"
    )
    picked = [f"!{own}" if config.controller_instance is None else own, *labels]
    return {"labelSelector": ",".join(picked)}


def _leases(config: ArgoConfig) -> Kind[Any, Any]:
    """The lease that the controllers hold in turn."""
    name = "workflow-controller"
    if config.controller_instance is not None:
        name = f"{name}-{config.controller_instance}"
    path = f"/apis/coordination.k8s.io/v1/namespaces/{config.controller_namespace}/leases"
    only = {"fieldSelector": f"metadata.name={name}"}
    return Kind("leases", path, Lease, lease_state, only)
