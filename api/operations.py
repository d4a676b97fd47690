"""Every operation of the API, in the order in which paths are tried and documented."""

from api.operation import Operation
from api.routes import documentation, engine, market, recommendations, schema_registry, stream, system

OPERATIONS: tuple[Operation, ...] = (
    *recommendations.OPERATIONS,
    *stream.OPERATIONS,
    *market.OPERATIONS,
    *engine.OPERATIONS,
    *system.OPERATIONS,
    *documentation.OPERATIONS,
    *schema_registry.OPERATIONS,
)
