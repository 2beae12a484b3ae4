"""JSON in, JSON out: bodies no larger than a booking can be, answers whatever the client would accept."""

# ruff: noqa: ARG002 - the framework names the arguments

import json
from collections.abc import Iterable
from typing import IO, Any, NoReturn

from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from bookings.api.problems import Kind, problem

#: Bytes of the largest body; a booking with the longest notes in the longest encoding takes a third.
LARGEST_BODY = 64 * 1024


class BoundedJSONParser(BaseParser):
    """JSON that is refused before it is read whole, if it is too large."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise problem(Kind.TOO_LARGE, f"the body has more than {LARGEST_BODY} bytes; send one booking")
        try:
            return json.loads(
                body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_without_doubles
            )
        except RecursionError:
            raise ParseError("the body is nested too deeply; send the documented fields") from None
        except ValueError as error:
            raise ParseError(f"the body is not JSON: {error}") from error


class AlwaysJSON(BaseContentNegotiation):
    """There is one form of answer, so Accept is not asked: RFC 9110 allows it, and clients send odd ones."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        wanted, _ = parse_header_parameters(request.content_type or "")
        return next((parser for parser in parsers if parser.media_type == wanted.lower()), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Of two values for one field nobody knows which was meant, and others may read the first."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{json.dumps(name[:40])} is there twice")
        found[name] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")
