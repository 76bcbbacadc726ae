"""Puts the application together: routes inside, what guards them around."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from prometheus_client import Gauge
from starlette.exceptions import HTTPException

from api.authentication import Authentication
from api.middleware import HostCheck, RequestIds, RequestMetrics, SecurityHeaders
from api.openapi import describe
from api.pages import Pages
from api.problems import ApiError, ErrorBoundary, handle
from api.routes import (
    PREFIX,
    coordination,
    live,
    load_balancing,
    login,
    operations,
    orchestrators,
    queues,
    records,
    scorecard,
    worker_pools,
)
from api.services import ApiServices

__all__ = ["PREFIX", "create_app"]

ROUTERS = (
    orchestrators.router,
    queues.router,
    worker_pools.router,
    load_balancing.router,
    coordination.router,
    scorecard.router,
    records.router,
    live.router,
    operations.router,
    login.router,
)


def create_app(services: ApiServices) -> FastAPI:
    """The ASGI application. It opens and closes nothing; what it uses is in `services`."""
    app = FastAPI(
        title="Workflow Orchestration Analytics",
        version=services.version,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    for error in (ApiError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, handle)
    describe(app)
    _surround(app, services)
    _publish_version(services)
    return app


def _surround(app: FastAPI, services: ApiServices) -> None:
    # The last one added is the outermost.
    settings = services.settings
    pages = Pages(services.static_dir)
    app.add_middleware(Authentication, tokens=services.tokens, pages=pages)
    app.add_middleware(HostCheck, allowed=(settings.host, *settings.allowed_hosts))
    app.add_middleware(ErrorBoundary)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestMetrics, registry=services.registry)
    app.add_middleware(RequestIds)


def _publish_version(services: ApiServices) -> None:
    info = Gauge("woa_build_info", "Always 1.", ("version",), registry=services.registry)
    info.labels(services.version).set(1)


def _operation_id(route: APIRoute) -> str:
    return route.name
