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

from cli.pipeline import Pipeline
from cli.telemetry import Telemetry

__all__ = ["metrics_app"]


def metrics_app(pipeline: Pipeline) -> Starlette:
    """`/metrics` in the text format of Prometheus, `/healthz`."""
    registry = CollectorRegistry()
    registry.register(Telemetry(pipeline))

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", health)])
