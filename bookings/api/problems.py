"""Refusals in one form: problem details (RFC 9457), whatever went wrong.

A problem has `type`, `title`, `status` and `detail`; `errors` name fields at fault with value and way out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.http import JsonResponse
from rest_framework.exceptions import APIException

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:table-assignment:"


class Kind(Enum):
    """Every kind of problem: the end of its `type`, its status and its title."""

    INVALID = ("invalid", 400, "The request is not in the documented form")
    UNAUTHENTICATED = ("unauthenticated", 401, "A valid token is needed")
    FORBIDDEN = ("forbidden", 403, "The token does not allow this")
    NOT_FOUND = ("not-found", 404, "There is nothing here")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This address does not take that method")
    CONFLICT = ("conflict", 409, "The booking's state does not allow this")
    NO_SEATING = ("no-seating", 409, "There are no tables for this")
    IDEMPOTENCY_CONFLICT = ("idempotency-conflict", 409, "The idempotency key was used for another request")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body must be JSON")
    REFUSED = ("refused", 422, "The restaurant cannot take this")
    THROTTLED = ("throttled", 429, "Too many requests")
    SERVER_ERROR = ("server-error", 500, "Something broke on our side")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.type = TYPE_PREFIX + slug
        self.status = status
        self.title = title


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One field at fault. `field` is the body's field, the query parameter or the header."""

    field: str
    message: str
    code: str

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "message": self.message, "code": self.code}


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What a problem answer says; `more` are further members, such as `alternatives`."""

    kind: Kind
    detail: str
    errors: Sequence[FieldError] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "errors": [error.as_json() for error in self.errors],
            **self.more,
        }


class Problem(APIException):
    """Raised by views to refuse a request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def problem(kind: Kind, detail: str, *errors: FieldError, **more: Any) -> Problem:
    """The exception that answers with this problem."""
    return Problem(Refusal(kind=kind, detail=detail, errors=errors, more=more))


def bad_field(name: str, message: str, code: str = "invalid") -> Problem:
    """The exception for one field that is not in the documented form."""
    return problem(Kind.INVALID, f"{name}: {message}", FieldError(field=name, message=message, code=code))


def plain_response(kind: Kind, detail: str) -> JsonResponse:
    """A problem answer where Django REST framework is not at work."""
    refusal = Refusal(kind=kind, detail=detail)
    return JsonResponse(refusal.as_json(), status=kind.status, content_type=MEDIA_TYPE)
