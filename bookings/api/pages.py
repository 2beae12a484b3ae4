"""Pages of a list, newest first, by cursor: no page is counted, and none shifts while bookings come in."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from bookings.api.authentication import token_of
from bookings.api.problems import bad_field
from bookings.api.scope import bookings_of
from bookings.models import Booking

USUAL_SIZE = 50
LARGEST_SIZE = 200


class CursorPages(BasePagination):
    """The cursor is the reference of the last booking of the page before."""

    _request: Request
    _next_cursor: str | None = None

    def paginate_queryset(
        self,
        queryset: Any,
        request: Request,
        view: Any = None,  # noqa: ARG002
    ) -> list[Any]:
        self._request = request
        size = _size(request)
        found = list(_after(queryset, request).order_by("-id")[: size + 1])
        if len(found) > size:
            self._next_cursor = found[size - 1].reference
        return found[:size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next_address(), "results": data})

    def _next_address(self) -> str | None:
        """Relative to the host: behind a proxy we may not know the name the channel uses."""
        if self._next_cursor is None:
            return None
        return replace_query_param(self._request.get_full_path(), "cursor", self._next_cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "nullable": True,
                    "description": "Address of the next page; null on the last.",
                    "example": "/api/v1/bookings?cursor=B-7KQ4M2",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Taken from `next`.",
            },
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": USUAL_SIZE},
                "description": "Bookings on a page.",
            },
        ]


def _size(request: Request) -> int:
    written = request.query_params.get("limit", str(USUAL_SIZE))
    if not (
        written.isascii() and written.isdecimal() and len(written) < 5 and 1 <= int(written) <= LARGEST_SIZE
    ):
        raise bad_field("limit", f"write a number from 1 to {LARGEST_SIZE}")
    return int(written)


def _after(queryset: QuerySet[Booking], request: Request) -> QuerySet[Booking]:
    """The bookings older than the cursor's, which must be one the token sees."""
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return queryset
    seen = bookings_of(token_of(request)) if "\x00" not in cursor else Booking.objects.none()
    last = seen.filter(reference=cursor).values_list("pk", flat=True).first()
    if last is None:
        raise bad_field(
            "cursor", "it leads nowhere; take it from `next` of the page before, or begin without"
        )
    return queryset.filter(pk__lt=last)
