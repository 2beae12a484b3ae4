"""The OpenAPI document: what each operation answers, problems included."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from bookings.api.answers import AlternativeAnswer
from bookings.api.idempotency import HEADER, KEY_PATTERN
from bookings.api.problems import MEDIA_TYPE, Kind

Method = TypeVar("Method", bound=Callable[..., Any])

ALWAYS = (Kind.INVALID, Kind.UNAUTHENTICATED, Kind.FORBIDDEN, Kind.THROTTLED)
WITH_BODY = (Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE, Kind.REFUSED)


class FieldErrorAnswer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Field of the body, query parameter or header.")
    message = serializers.CharField(help_text="What is wrong with which value, and the way out.")
    code = serializers.CharField()


class ProblemAnswer(serializers.Serializer[Any]):
    """What went wrong (RFC 9457)."""

    type = serializers.ChoiceField(choices=[kind.type for kind in Kind])
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldErrorAnswer(many=True)  # type: ignore[assignment]
    alternatives = AlternativeAnswer(
        many=True,
        required=False,
        help_text="With type no-seating: what can be had, nearest first.",
    )


KEY_PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    description="The same key with the same body is answered the same and books once.",
)


def described(
    summary: str, answers: Mapping[int, Any], *problems: Kind, body: Any = None, **more: Any
) -> Callable[[Method], Method]:
    """Describe a view's method: what it answers, and with which problems it refuses."""
    refusals = (*ALWAYS, *problems, *(WITH_BODY if body else ()))
    titles: dict[int, list[str]] = {}
    for kind in refusals:
        titles.setdefault(kind.status, []).append(kind.title)
    responses: dict[Any, Any] = dict(answers)
    for status, named in titles.items():
        responses[status, MEDIA_TYPE] = OpenApiResponse(ProblemAnswer, "; or: ".join(named))
    describe: Callable[[Method], Method] = extend_schema(
        summary=summary, request=body, responses=responses, **more
    )
    return describe


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; made once a process, since it depends on code alone."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made
