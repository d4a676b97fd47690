"""What the platform says of itself: alive, ready, its metrics, and where things are."""

from dataclasses import asdict

from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from api.envelope import success
from api.errors import NotReadyError
from api.operation import Call, Operation
from api.responses.operations import HealthAnswer, IndexAnswer, ReadyAnswer
from api.services import Services

SERVICE = "autotrader-api"


async def index(services: Services, call: Call) -> Response:
    """Answer where things are."""
    links = {
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "recommendations": "/api/v1/recommendations",
        "stream": "/api/v1/stream/recommendations",
        "symbols": "/api/v1/symbols",
        "engine": "/recommendations",
        "health": "/health",
        "ready": "/ready",
        "metrics": "/metrics",
        "schemas": "/subjects",
    }
    return success({"service": SERVICE, "version": services.version, "links": links}, call.now)


async def health(_: Services, call: Call) -> Response:
    """Answer that the process answers; asks nobody else."""
    return success({"status": "ok", "service": SERVICE}, call.now)


async def ready(services: Services, call: Call) -> Response:
    """Answer whether everything that serving needs is fit."""
    checks = [asdict(check) for check in await services.readiness.checks()]
    failed = [check["name"] for check in checks if not check["ok"]]
    if failed:
        raise NotReadyError(f"not ready: {', '.join(failed)}", checks)
    return success({"ready": True, "checks": checks}, call.now)


async def metrics(services: Services, call: Call) -> Response:
    """Answer the metrics as Prometheus or OpenMetrics text, whichever is asked for."""
    encode, media = choose_encoder(call.request.headers.get("accept", ""))
    return Response(encode(services.registry), media_type=media)


OPERATIONS = (
    Operation(name="health", path="/health", summary="Does the process answer", tag="system", handler=health, answer=HealthAnswer),
    Operation(
        name="ready",
        path="/ready",
        summary="Is everything fit that serving needs",
        description="503 with the findings where something is not.",
        tag="system",
        handler=ready,
        answer=ReadyAnswer,
        errors=(503,),
    ),
    Operation(
        name="metrics",
        path="/metrics",
        summary="Metrics as Prometheus text",
        tag="system",
        handler=metrics,
        query=None,
        media="text/plain",
    ),
    Operation(name="index", path="/", summary="Where things are", tag="system", handler=index, answer=IndexAnswer),
)
