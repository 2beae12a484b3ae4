"""Rows with a guest's data: which there are, what they say, what they say afterwards."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

from bookings.privacy.data_map import GUEST_DATA, Held, Theirs
from bookings.privacy.identity import (
    ERASED,
    Guest,
    bookings_of,
    digits_of,
    may_mention,
    mention_of,
    without_mention,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row with data of the guest; `after` has the columns that erasing changes, and nothing else."""

    model: str
    pk: Any
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def place(self) -> str:
        """What people call its table."""
        return GUEST_DATA[self.model].name


def theirs_of(guest: Guest) -> Theirs:
    """The guest's bookings (one query). What was erased before tells nothing any more."""
    found = list(
        bookings_of(guest)
        .order_by("pk")
        .values("pk", "reference", "guest_email", "guest_phone", "guest_name")
    )
    return Theirs(
        ids=tuple(row["pk"] for row in found),
        references=tuple(row["reference"] for row in found),
        emails=frozenset({guest.email} | {row["guest_email"].strip().lower() for row in found}) - {""},
        phones=frozenset({guest.phone} | {digits_of(row["guest_phone"]) for row in found}) - {""},
        names=frozenset(row["guest_name"].strip() for row in found) - {""},
    )


def rows_of(guest: Guest, theirs: Theirs, *, besides: Collection[str] = ()) -> Iterator[Row]:
    """Every row about the guest's bookings, and every other that quotes the guest's address or number.

    Names count in the former only: elsewhere the same name may be somebody else's. Models named in
    `besides` are not looked at.
    """
    near = mention_of(emails=theirs.emails, phones=theirs.phones, names=theirs.names, alone=False)
    far = mention_of(emails=[guest.email], phones=[guest.phone], alone=False)
    whose = mention_of(emails=[guest.email], phones=[guest.phone])
    for model, held in GUEST_DATA.items():
        if model in besides:
            continue
        linked: list[Any] = []
        if held.theirs and theirs.ids:
            for values in _values(model, held).filter(held.theirs(theirs)):
                linked.append(values["pk"])
                yield _row(model, held, values, near, is_theirs=True)
        if far and (columns := (*held.quoting, *held.words, *held.keys)):
            for values in _values(model, held).filter(may_mention(guest, columns)).exclude(pk__in=linked):
                row = _row(model, held, values, far, is_theirs=_quotes(held, values, whose))
                if row.after:
                    yield row


def replace(row: Row) -> None:
    """Write what stands there afterwards."""
    _model(row.model).objects.filter(pk=row.pk).update(**row.after)


def _values(model: str, held: Held) -> QuerySet[Model, dict[str, Any]]:
    columns = {*held.guest, *held.words, *held.keys, *held.quoting}
    rows: QuerySet[Model, dict[str, Any]] = (
        _model(model).objects.order_by("pk").values("pk", *sorted(columns), *held.facts)
    )
    return rows


def _row(
    model: str, held: Held, values: dict[str, Any], pattern: re.Pattern[str] | None, *, is_theirs: bool
) -> Row:
    return Row(
        model=model,
        pk=values["pk"],
        before={name: value for name, value in values.items() if name != "pk"},
        after=_after(model, held, values, pattern, is_theirs=is_theirs),
    )


def _quotes(held: Held, values: dict[str, Any], whose: re.Pattern[str] | None) -> bool:
    return whose is not None and any(
        without_mention(values[name], whose) != values[name] for name in held.quoting
    )


def _after(
    model: str, held: Held, values: dict[str, Any], pattern: re.Pattern[str] | None, *, is_theirs: bool
) -> dict[str, Any]:
    after: dict[str, Any] = {}
    if pattern:
        after |= {name: _fitting(model, name, without_mention(values[name], pattern)) for name in held.words}
        after |= {
            name: f"{ERASED} {values['pk']}"
            for name in held.keys
            if without_mention(values[name], pattern) != values[name]
        }
    if is_theirs:
        after |= {name: neutral for name, neutral in held.guest.items() if values[name]}
    return {name: value for name, value in after.items() if value != values[name]}


def _fitting(model: str, name: str, value: Any) -> Any:
    """Cut to what the column holds: what stands for a short number may be longer than it."""
    column = _model(model)._meta.get_field(name)  # noqa: SLF001 - Django documents it
    longest = getattr(column, "max_length", None)
    return value[:longest] if longest and isinstance(value, str) else value


def _model(label: str) -> Any:
    return apps.get_model(label)
