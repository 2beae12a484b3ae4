"""Fields of request bodies, stricter than the framework's: a number is a number, a text is a text."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

#: Date and time, seconds and offset optional. Without an offset it is the restaurant's local time.
MOMENT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"
OFFSET_MOMENT_PATTERN = MOMENT_PATTERN.replace("(Z|[+-]\\d{2}:\\d{2})?$", "(Z|[+-]\\d{2}:\\d{2})$")


class Whole(serializers.IntegerField):
    """A JSON number without a fraction; neither "4" nor true."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError(
                f"{_shown(data)} is no whole number; write it like 4", code="invalid"
            )
        return super().to_internal_value(data)


class WrittenWhole(serializers.IntegerField):
    """A whole number in a query, in plain digits."""

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", data, re.ASCII):
            raise serializers.ValidationError(
                f"{_shown(data)} is no whole number; write it like 4", code="invalid"
            )
        return super().to_internal_value(data)


class Day(serializers.DateField):
    """A date like 2027-03-05."""

    def to_internal_value(self, value: Any) -> date:
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                return date.fromisoformat(value)
        except ValueError:
            pass
        message = f"{_shown(value)} is no date; write it like 2027-03-05"
        raise serializers.ValidationError(message, code="invalid")


class Text(serializers.CharField):
    """A JSON string. Blanks around it are dropped."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(
                f"{_shown(data)} is no text; write it in quotes", code="invalid"
            )
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One of a few words. What was sent instead is quoted as far as an answer can carry it."""

    def fail(self, key: str, **about: Any) -> NoReturn:
        super().fail(key, **{name: _printable(str(value)) for name, value in about.items()})


@extend_schema_field({"type": "string", "pattern": MOMENT_PATTERN, "example": "2027-03-05T19:00"})
class Moment(serializers.Field[datetime, str, str, Any]):
    """A point in time, aware or naive as it was written."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return read_moment(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


def read_moment(written: Any) -> datetime:
    """The moment as written. Raises ValueError with the way out."""
    if not isinstance(written, str) or not re.fullmatch(MOMENT_PATTERN, written, re.ASCII):
        raise ValueError(
            f"{_shown(written)} is no date and time; write it like 2027-03-05T19:00 (local to the "
            "restaurant) or 2027-03-05T19:00:00Z"
        )
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise ValueError(f"{_shown(written)} is no date and time: {error}") from error


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, each by its name: a misspelt wish must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(
                {"body": [f"{_shown(data)} is no object; send the documented fields in braces"]}
            )
        unknown = [name for name in data if name not in self.fields]
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {
                    _printable(name): [
                        serializers.ErrorDetail(f"there is no such field; known: {known}", "unknown")
                    ]
                    for name in unknown[:MOST_NAMED]
                }
            )
        return super().to_internal_value(data)


#: Most unknown fields named in one answer.
MOST_NAMED = 20


def _shown(value: Any) -> str:
    """A value as an answer may quote it."""
    return _printable(f"{value!r}")


def _printable(text: str) -> str:
    """Short, and without characters that no answer can carry (lone surrogates)."""
    short = text if len(text) <= 60 else text[:57] + "..."
    return short.encode("utf-8", "replace").decode()
