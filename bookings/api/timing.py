"""Times how long the API takes to accept a booking."""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from observability.models import Timed
from observability.timings import TIMINGS

#: The address at which bookings are accepted.
INTAKE = "api:bookings"


class IntakeTimingMiddleware:
    """Times requests that booked something, and writes what this process has timed now and then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        response = self._get_response(request)
        if response.status_code == 201 and _is_intake(request):
            TIMINGS.add(Timed.INTAKE, (perf_counter() - began) * 1000)
            TIMINGS.flush(now=timezone.now())
        return response


def _is_intake(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.view_name == INTAKE
