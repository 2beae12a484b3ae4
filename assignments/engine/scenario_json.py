"""Strict reading of JSON: each value is of its kind or refused with its path, and nothing is ignored."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

Made = TypeVar("Made")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
MISSING = object()


class ScenarioError(ValueError):
    """A scenario that cannot be planned; the message starts with the path of the offending value."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(f"{_written(path)}: {message}")
        self.path = path


def decoded(text: str) -> object:
    """What a JSON text holds; raises ScenarioError for what is no JSON, NaN, or a key given twice."""
    try:
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise ScenarioError(message) from error
    except RecursionError as error:
        raise ScenarioError("not a scenario: nested too deeply") from error


class JsonObject:
    """A JSON object being read key by key; keys nobody asked for are refused at the end."""

    def __init__(self, value: object, path: tuple[str | int, ...]) -> None:
        if not isinstance(value, dict):
            raise ScenarioError(f"expected an object, not {_kind(value)}", *path)
        self.content: Mapping[str, Any] = value
        self.path = path
        self.asked: set[str] = set()

    def made(
        self, key: str, make: Callable[[object, tuple[str | int, ...]], Made], default: Any = MISSING
    ) -> Made:
        self.asked.add(key)
        if key in self.content:
            return make(self.content[key], (*self.path, key))
        if default is MISSING:
            raise ScenarioError("missing", *self.path, key)
        found: Made = default
        return found

    def text(self, key: str, default: Any = MISSING) -> str:
        return self.made(key, text_of, default)

    def truth(self, key: str, default: Any = MISSING) -> bool:
        return self.made(key, _truth, default)

    def whole(self, key: str, least: int, default: Any = MISSING) -> Any:
        return self.made(key, lambda value, path: _whole(value, path, least), default)

    def each(
        self, key: str, make: Callable[[object, tuple[str | int, ...]], Made], default: Any = MISSING
    ) -> list[Made]:
        items = self.made(key, list_of, default)
        return [make(item, (*self.path, key, place)) for place, item in enumerate(items)]

    def nothing_else(self) -> None:
        unknown = sorted(set(self.content) - self.asked)
        if unknown:
            raise ScenarioError(
                f"unknown key; known are {', '.join(sorted(self.asked))}", *self.path, unknown[0]
            )


def text_of(value: object, path: tuple[str | int, ...]) -> str:
    if not isinstance(value, str) or not value:
        raise ScenarioError(f"expected a non-empty string, not {_kind(value)}", *path)
    return value


def text_or_null(value: object, path: tuple[str | int, ...]) -> str | None:
    return None if value is None else text_of(value, path)


def _truth(value: object, path: tuple[str | int, ...]) -> bool:
    if not isinstance(value, bool):
        raise ScenarioError(f"expected true or false, not {_kind(value)}", *path)
    return value


def _whole(value: object, path: tuple[str | int, ...], least: int) -> int:
    # JSON Schema counts 4.0 as an integer, and true not.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ScenarioError(f"expected a whole number, not {_kind(value)}", *path)
    if value < least:
        raise ScenarioError(f"{value} is below {least}", *path)
    return int(value)


def minutes_of(value: object, path: tuple[str | int, ...]) -> timedelta:
    try:
        return timedelta(minutes=_whole(value, path, 0))
    except OverflowError as error:
        raise ScenarioError(f"{value} minutes are more than a calendar holds", *path) from error


def list_of(value: object, path: tuple[str | int, ...]) -> list[object]:
    if not isinstance(value, list):
        raise ScenarioError(f"expected a list, not {_kind(value)}", *path)
    return value


def instant_of(value: object, path: tuple[str | int, ...]) -> datetime:
    text = text_of(value, path)
    if not RFC3339.fullmatch(text):
        raise ScenarioError(f"{text!r} is no date-time such as 2026-11-21T19:00:00+00:00", *path)
    try:
        found = datetime.fromisoformat(text.upper())
        if found.tzinfo is None:
            raise ScenarioError(f"{text!r} has no offset; add one, such as +00:00 or Z", *path)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"{text!r} is not in the calendar: {error}", *path) from error


def timezone_of(value: object, path: tuple[str | int, ...]) -> str:
    name = text_of(value, path)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScenarioError(f"unknown timezone {name!r}; use a name such as Europe/London", *path) from error
    return name


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ScenarioError("the key appears twice in one object", key)
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise ScenarioError(f"{name} is not JSON")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def _written(path: tuple[str | int, ...]) -> str:
    """`$.tables[3].capacity`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
