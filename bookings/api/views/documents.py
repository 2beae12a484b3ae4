"""The OpenAPI document and its page, open to all: they show the code's form, no data."""

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from bookings.api.errors import NOTHING_HERE
from bookings.api.problems import Kind, plain_response
from bookings.api.schema import document


@require_safe
def as_json(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(document())


@require_safe
def as_yaml(_request: HttpRequest) -> HttpResponse:
    text = OpenApiYamlRenderer().render(document())  # type: ignore[no-untyped-call]
    return HttpResponse(text, content_type="application/yaml")


@method_decorator(csp_update({"img-src": ["data:"], "style-src": ["'unsafe-inline'"]}), name="dispatch")
class DocsPage(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files. Its pictures are data: addresses, its styles inline."""

    url_name = "api:openapi"


@csrf_exempt
def nothing_here(_request: HttpRequest, _path: str = "") -> JsonResponse:
    """Every other address under the API's."""
    return plain_response(Kind.NOT_FOUND, NOTHING_HERE)
