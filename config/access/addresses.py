"""The address a request comes from, told by the proxies in front and by nobody else."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def client_address(remote: str, forwarded: str, *, proxies: int) -> str:
    """The address that the outermost of our proxies saw; `remote` without proxies.

    Each proxy appends whom it was asked by to X-Forwarded-For, so that counted from the right as many
    entries are ours as there are proxies, whatever the client wrote before them. With fewer entries, or what
    is no address, the header tells nothing.
    """
    told = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    if not 0 < proxies <= len(told):
        return remote
    try:
        return str(ip_address(told[-proxies].strip("[]")))
    except ValueError:
        return remote


class ClientAddressMiddleware:
    """Puts the client's address where Django has the proxy's, for all that limit by address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META["REMOTE_ADDR"] = client_address(
            request.META.get("REMOTE_ADDR", ""),
            request.META.get("HTTP_X_FORWARDED_FOR", ""),
            proxies=settings.PROXIES,
        )
        return self._get_response(request)


def address_of(request: HttpRequest) -> str | None:
    """For axes: the address, None where there is none, as behind a socket without a proxy."""
    return request.META.get("REMOTE_ADDR") or None
