"""The HTTP side of a process without an API: its own metrics and its life sign.

Neither asks for a token: they tell names and counts, and only loopback can ask unless
`api.allow_remote` is set.
"""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.pipeline import Intake, Outlet
from cli.telemetry import Telemetry

__all__ = ["metrics_app"]


def metrics_app(intake: Intake | None, outlet: Outlet | None) -> Starlette:
    """`/metrics` in the text format of Prometheus, `/healthz` and `/readyz`."""
    registry = CollectorRegistry()
    registry.register(Telemetry(intake, outlet))

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        waits_for = intake.ingest.stats.waits_for() if intake else None
        answer = {"status": "not ready", "ingest": waits_for} if waits_for else {"status": "ok"}
        return JSONResponse(answer, 503 if waits_for else 200)

    routes = {"/metrics": metrics, "/healthz": health, "/readyz": ready}
    return Starlette(routes=[Route(path, answer) for path, answer in routes.items()])
