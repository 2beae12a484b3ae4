"""The one place where exceptions become problem answers.

An exception that nobody foresaw is raised again: Django logs it, and `plain_response` answers it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from bookings.api.problems import MEDIA_TYPE, FieldError, Kind, Problem, Refusal
from bookings.cancellation import CancellationError
from bookings.changes import ChangeError
from bookings.intake import IdempotencyConflictError
from bookings.intake_rules import IntakeError
from bookings.service_time import ServiceTimeError
from bookings.state_machine import StaleBookingError
from bookings.states import IllegalTransitionError

NOTHING_HERE = "check the address; the document at /api/v1/openapi.json lists what there is"

_OF_FRAMEWORK: Mapping[type[Exception], Kind] = {
    exceptions.ParseError: Kind.INVALID,
    exceptions.NotAuthenticated: Kind.UNAUTHENTICATED,
    exceptions.AuthenticationFailed: Kind.UNAUTHENTICATED,
    exceptions.PermissionDenied: Kind.FORBIDDEN,
    exceptions.MethodNotAllowed: Kind.METHOD_NOT_ALLOWED,
    exceptions.UnsupportedMediaType: Kind.UNSUPPORTED_MEDIA_TYPE,
    exceptions.Throttled: Kind.THROTTLED,
}

_OF_DOMAIN: Mapping[type[Exception], Kind] = {
    CancellationError: Kind.CONFLICT,
    ChangeError: Kind.CONFLICT,
    ServiceTimeError: Kind.CONFLICT,
    IllegalTransitionError: Kind.CONFLICT,
}


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001 - the framework's form
    """The problem answer to an exception; None for one that nobody foresaw."""
    refusal = _refusal(error)
    if refusal is None:
        return None
    set_rollback()
    return Response(
        refusal.as_json(), status=refusal.kind.status, headers=_headers(error), content_type=MEDIA_TYPE
    )


def _refusal(error: Exception) -> Refusal | None:
    match error:
        case Problem():
            return error.refusal
        case IntakeError():
            return _refused_field(error)
        case exceptions.ValidationError():
            return _invalid(error)
        case Http404() | exceptions.NotFound():
            return Refusal(kind=Kind.NOT_FOUND, detail=str(error) or NOTHING_HERE)
        case IdempotencyConflictError():
            found = FieldError(field="Idempotency-Key", message=str(error), code="conflict")
            return Refusal(kind=Kind.IDEMPOTENCY_CONFLICT, detail=str(error), errors=[found])
        case StaleBookingError():
            return Refusal(
                kind=Kind.CONFLICT, detail="the booking changed in the same moment; read it and try again"
            )
    kind = _OF_FRAMEWORK.get(type(error)) or _OF_DOMAIN.get(type(error))
    return Refusal(kind=kind, detail=str(error)) if kind else None


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    wait = getattr(error, "wait", None)
    if isinstance(error, exceptions.Throttled) and wait is not None:
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        headers["WWW-Authenticate"] = 'Bearer realm="bookings"'
    return headers


def _refused_field(error: IntakeError) -> Refusal:
    found = FieldError(field=error.field, message=error.message, code="refused")
    return Refusal(kind=Kind.REFUSED, detail=str(error), errors=[found])


def _invalid(error: exceptions.ValidationError) -> Refusal:
    found = list(_flat(error.get_full_details(), ""))
    return Refusal(
        kind=Kind.INVALID, detail="; ".join(f"{one.field}: {one.message}" for one in found), errors=found
    )


def _flat(details: Any, path: str) -> Iterator[FieldError]:
    """Every message of the framework's nested details, each with the path of its field."""
    if isinstance(details, Mapping) and isinstance(details.get("message"), str):
        yield FieldError(field=path or "body", message=details["message"], code=details["code"] or "invalid")
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _flat(inner, _join(path, name))
    else:
        for inner in details:
            yield from _flat(inner, path)


def _join(path: str, name: Any) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else str(name)
