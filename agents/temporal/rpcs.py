"""The calls this agent makes: all of them, and all of them read."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetClusterInfoRequest,
    GetClusterInfoResponse,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
    ListWorkerDeploymentsRequest,
    ListWorkerDeploymentsResponse,
    ListWorkersRequest,
    ListWorkersResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

__all__ = ["Connection", "Rpc", "WorkflowRpcs"]

Request_contra = TypeVar("Request_contra", contravariant=True)
Response_co = TypeVar("Response_co", covariant=True)


class Rpc(Protocol[Request_contra, Response_co]):
    """One remote call; raises `temporalio.service.RPCError`."""

    def __call__(
        self, req: Request_contra, /, *, retry: bool, timeout: timedelta
    ) -> Awaitable[Response_co]: ...


class WorkflowRpcs(Protocol):
    """The part of Temporal's WorkflowService that an agent's role must be allowed."""

    @property
    def get_system_info(self) -> Rpc[GetSystemInfoRequest, GetSystemInfoResponse]: ...

    @property
    def get_cluster_info(self) -> Rpc[GetClusterInfoRequest, GetClusterInfoResponse]: ...

    @property
    def describe_namespace(self) -> Rpc[DescribeNamespaceRequest, DescribeNamespaceResponse]: ...

    @property
    def list_namespaces(self) -> Rpc[ListNamespacesRequest, ListNamespacesResponse]: ...

    @property
    def count_workflow_executions(
        self,
    ) -> Rpc[CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse]: ...

    @property
    def list_workflow_executions(
        self,
    ) -> Rpc[ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse]: ...

    @property
    def describe_workflow_execution(
        self,
    ) -> Rpc[DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse]: ...

    @property
    def describe_task_queue(self) -> Rpc[DescribeTaskQueueRequest, DescribeTaskQueueResponse]: ...

    @property
    def list_workers(self) -> Rpc[ListWorkersRequest, ListWorkersResponse]: ...

    @property
    def list_worker_deployments(
        self,
    ) -> Rpc[ListWorkerDeploymentsRequest, ListWorkerDeploymentsResponse]: ...

    @property
    def describe_worker_deployment_version(
        self,
    ) -> Rpc[DescribeWorkerDeploymentVersionRequest, DescribeWorkerDeploymentVersionResponse]: ...


class Connection(Protocol):
    """What a `temporalio.service.ServiceClient` is to this agent."""

    @property
    def workflow_service(self) -> WorkflowRpcs: ...

    async def check_health(self, *, retry: bool, timeout: timedelta) -> bool:
        """Whether the frontend says that it serves."""
