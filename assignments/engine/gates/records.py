"""Frozen dataclasses to JSON and back without loss: whole numbers exact, fractions as text.

Reading is strict: a missing or unknown field and a value of another type are refused with their place, so
that evidence cannot say more than the rules read.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from assignments.engine.gates.canonical import JsonValue

Record = TypeVar("Record")


def dump(value: object) -> JsonValue:
    """A dataclass, tuple, enumeration, fraction or plain value as JSON. Raises TypeError for others."""
    if isinstance(value, Enum):
        return cast("str", value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, tuple):
        return [dump(item) for item in value]
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{value!r} has no exact form in JSON.")


def load(kind: type[Record], raw: object) -> Record:
    """What :func:`dump` wrote. Raises ValueError with the place of what does not fit."""
    return cast("Record", _read(kind, raw, kind.__name__))


def decimal_text(value: Fraction) -> str:
    """A fraction as a decimal if it has a finite one (``0.95``), otherwise as ``1/120``."""
    places = 0
    while value.denominator != 1 and places < 40 and (10**places * value).denominator != 1:
        places += 1
    whole = 10**places * value
    if whole.denominator != 1:
        return str(value)
    digits = str(abs(whole.numerator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _read(kind: Any, raw: object, place: str) -> object:
    if get_origin(kind) is UnionType:
        return _read_optional(kind, raw, place)
    if get_origin(kind) is tuple:
        if not isinstance(raw, list):
            raise ValueError(f"{place}: {raw!r} is no list.")
        return tuple(_read(get_args(kind)[0], item, f"{place}[{n}]") for n, item in enumerate(raw))
    if is_dataclass(kind):
        return _read_record(cast("Any", kind), raw, place)
    return _read_plain(kind, raw, place)


def _read_optional(kind: Any, raw: object, place: str) -> object:
    [inner] = [item for item in get_args(kind) if item is not NoneType]
    return None if raw is None else _read(inner, raw, place)


def _read_record(kind: Any, raw: object, place: str) -> object:
    hints = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    if not isinstance(raw, Mapping) or set(raw) != names:
        found = sorted(raw) if isinstance(raw, Mapping) else raw
        raise ValueError(f"{place}: expected the fields {sorted(names)}, found {found!r}.")
    return kind(**{name: _read(hints[name], raw[name], f"{place}.{name}") for name in names})


def _read_plain(kind: Any, raw: object, place: str) -> object:
    spelled = kind is Fraction or issubclass(kind, Enum)
    if type(raw) is not (str if spelled else kind):
        raise ValueError(f"{place}: {raw!r} is not of type {kind.__name__}.")
    convert: Callable[[Any], object] = kind
    try:
        return convert(raw) if spelled else raw
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{place}: {raw!r} is no {kind.__name__}.") from error
