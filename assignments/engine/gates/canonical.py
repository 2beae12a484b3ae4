"""One way to write a record as bytes, its digest, and the chain that binds records in their order.

Canonical JSON here: keys sorted by code point, no spaces, UTF-8, no floating-point numbers, because two
programs may write the same float differently. Decimals travel as strings.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

#: What the first record of a chain is linked to.
GENESIS = "0" * 64


def canonical(value: JsonValue) -> bytes:
    """The one spelling of a value. Raises TypeError, naming the place, for what cannot be written so."""
    _check(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical spelling, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, record: JsonValue) -> str:
    """The chain's head after `record`: SHA-256 of the head before it, a line break, and the record."""
    return hashlib.sha256(previous.encode() + b"\n" + canonical(record)).hexdigest()


def heads(records: Iterable[JsonValue], *, start: str = GENESIS) -> Iterator[str]:
    """The head after each record; one that is changed, dropped or moved changes all later heads."""
    head = start
    for record in records:
        head = link(head, record)
        yield head


def _check(value: object, place: str) -> None:
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{place}: the key {key!r} is no text.")
            _check(item, f"{place}.{key}")
    elif isinstance(value, list):
        for place_in_list, item in enumerate(value):
            _check(item, f"{place}[{place_in_list}]")
    else:
        raise TypeError(f"{place}: {value!r} cannot be written exactly; write it as text.")
