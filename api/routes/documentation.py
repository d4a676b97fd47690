"""The API's own description: as a document, and as a page that needs nothing but this server."""

from starlette.responses import Response

from api.envelope import JsonResponse
from api.operation import Call, Operation
from api.services import Services


async def openapi(services: Services, _: Call) -> Response:
    """Answer the OpenAPI document."""
    return JsonResponse(services.openapi())


async def page(services: Services, _: Call) -> Response:
    """Answer the page; its policy allows the script and the style that it brings, and no others."""
    shown = services.documentation
    return Response(shown.body, media_type="text/html", headers={"Content-Security-Policy": shown.policy})


OPERATIONS = (
    Operation(name="openapi", path="/openapi.json", summary="This description, as OpenAPI 3.1", tag="system", handler=openapi),
    Operation(
        name="documentation", path="/docs", summary="This description, as a page", tag="system", handler=page, media="text/html"
    ),
)
