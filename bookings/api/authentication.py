"""Who asks: the token in the Authorization header, and what it allows."""

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from bookings.api.throttling import count_failure
from bookings.api.tokens import TokenError, recognise
from bookings.models import ChannelToken

SCHEME = "Bearer"


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer ta_…`. No cookie is looked at, so no page of another site can act for us."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ChannelToken]:
        scheme, _, presented = request.headers.get("Authorization", "").strip().partition(" ")
        if not scheme:
            raise _refused(request, NotAuthenticated(f"send the header Authorization: {SCHEME} <token>"))
        if scheme.lower() != SCHEME.lower():
            raise _refused(
                request, AuthenticationFailed(f"write the header as Authorization: {SCHEME} <token>")
            )
        try:
            return AnonymousUser(), recognise(presented=presented.strip(), now=timezone.now())
        except TokenError as error:
            raise _refused(request, AuthenticationFailed(str(error))) from error

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return SCHEME


def _refused(request: Request, failure: Exception) -> Exception:
    count_failure(request)
    return failure


def token_of(request: Request) -> ChannelToken:
    """The token of a request that passed authentication."""
    return cast("ChannelToken", request.auth)


def method_of(request: Request) -> str:
    """The request's method; HEAD is a GET whose body is not sent."""
    return "GET" if request.method == "HEAD" else str(request.method)


class HasRight(BasePermission):
    """The token has the right that the view names for this method in `rights`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.rights.get(method_of(request))
        if needed is None or needed in token_of(request).rights:
            return True  # a method without a right is none the view takes; it answers 405
        self.message = f"this needs the right {needed}; the token has {', '.join(token_of(request).rights)}"
        return False


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = BearerToken
    name = "channelToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"type": "http", "scheme": SCHEME.lower(), "description": "A channel's token."}
