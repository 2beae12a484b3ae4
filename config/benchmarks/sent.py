"""The statements that this process sends through Django, each with its values and its transaction."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

#: A value's place in a statement, or a percent sign.
PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\))?s|%%")

# Wherever it stands: the claim is a SELECT whose parts write.
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\b", re.IGNORECASE)
_SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A statement with the values of its placeholders, in order.

    `block` is the transaction it belongs to, None where the statement is one of its own.
    """

    text: str
    values: tuple[Any, ...]
    block: object | None

    @property
    def writes(self) -> bool:
        """Whether it writes, or locks rows, so that its transaction has to be committed to disk."""
        return bool(_WRITES.search(self.text))


@contextmanager
def listening() -> Iterator[list[Sent]]:
    """Keep what is sent inside the block, savepoints apart. A transaction around the block does not count."""
    sent: list[Sent] = []
    around = len(connection.atomic_blocks)

    def listen(execute: Callable[..., Any], text: str, values: Any, many: Any, context: Any) -> Any:
        if not text.startswith(_SAVEPOINTS):
            block = next(iter(connection.atomic_blocks[around:]), None)
            sent.append(Sent(text=text, values=_in_order(text, values or ()), block=block))
        return execute(text, values, many, context)

    with connection.execute_wrapper(listen):
        yield sent


def commits(sent: Sequence[Sent]) -> int:
    """How many transactions of these wrote."""
    blocks = {id(each.block) for each in sent if each.writes and each.block is not None}
    return len(blocks) + sum(each.writes for each in sent if each.block is None)


def _in_order(text: str, values: Mapping[str, Any] | Sequence[Any]) -> tuple[Any, ...]:
    places = [place for place in PLACEHOLDER.finditer(text) if place.group() != "%%"]
    if isinstance(values, Mapping):
        return tuple(values[place["name"]] for place in places)
    return tuple(values)
