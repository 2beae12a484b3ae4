"""Pages for what went wrong. They keep the frame wherever it can still be made.

Django passes the exception by name. Below /api/ nobody reads pages: problems are answered there.
"""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from bookings.api.problems import Kind, plain_response
from config.console.frame import environment


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Without the frame: what is wrong may be the host name or the session."""
    if _is_api(request):
        return plain_response(Kind.INVALID, "the request cannot be read; check its host name and headers")
    return render(request, "400.html", {"title": "Bad request", **environment()}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": "No permission", "why": str(exception)}
    return render(request, "403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    context = {**admin.site.each_context(request), "title": "Page not found"}
    return render(request, "404.html", context, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the frame and without context processors: the database may be what failed."""
    if _is_api(request):
        return plain_response(
            Kind.SERVER_ERROR, "it was logged; try again later, with the same idempotency key"
        )
    return render(None, "500.html", {"title": "Server error", **environment()}, status=500)
