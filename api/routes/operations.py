"""For those who run the server: is it alive, is it ready, what does it do."""

from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.models import Liveness, Readiness
from api.services import Services
from store.errors import StoreUnavailableError

__all__ = ["router"]

router = APIRouter(tags=["operations"])

NO_STORE = {"Cache-Control": "no-store"}


@router.get("/healthz", response_model=Liveness)
async def get_liveness() -> Response:
    """200 as long as the process answers at all."""
    return Response(Liveness().model_dump_json(), headers=NO_STORE, media_type="application/json")


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def get_readiness(services: Services) -> Response:
    """200 when everything is there that an answer needs; 503 and what is missing otherwise."""
    checks = {"database": None, **await services.readiness()}
    try:
        await services.reads.ping()
    except StoreUnavailableError:
        checks["database"] = "PostgreSQL does not answer"
    ready = all(missing is None for missing in checks.values())
    return Response(
        Readiness(ready=ready, checks=checks).model_dump_json(),
        status_code=200 if ready else 503,
        headers=NO_STORE if ready else {**NO_STORE, "Retry-After": "2"},
        media_type="application/json",
    )


@router.get("/metrics", response_class=Response)
async def get_metrics(services: Services) -> Response:
    """The server's own metrics in the text format of Prometheus."""
    return Response(
        generate_latest(services.registry),
        headers=NO_STORE,
        media_type=CONTENT_TYPE_PLAIN_0_0_4,
    )
