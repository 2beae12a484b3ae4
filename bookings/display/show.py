"""How times, states, tables and needs are shown in lists and on pages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Func
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bookings.display.looks import look
from bookings.models import Booking, BookingStatus, ChangeWish

NONE = "–"  # noqa: RUF001 - a dash of its width reads as "nothing"

#: Tone and icon of each status: the shape tells it as well as the colour.
_STATUS_MARKS = {
    BookingStatus.PENDING: ("unknown", "ring"),
    BookingStatus.CONFIRMED: ("good", "ok"),
    BookingStatus.CHECKED_IN: ("accent", "user"),
    BookingStatus.COMPLETED: ("line", "check"),
    BookingStatus.CANCELLED: ("line", "minus"),
    BookingStatus.NO_SHOW: ("critical", "bad"),
}


def chip(word: str, tone: str, icon: str) -> SafeString:
    """A word with a marker of its own shape."""
    return format_html(
        '<span class="chip chip--{}"><svg class="i" viewBox="0 0 16 16" aria-hidden="true">'
        '<use href="#i-{}"/></svg>{}</span>',
        tone,
        icon,
        word,
    )


def state_chip(state: str | None) -> SafeString:
    """An assignment state; imported history has none."""
    shown = look(state)
    return chip(shown.label, shown.tone, shown.icon)


def status_chip(status: str) -> SafeString:
    """A booking's status."""
    known = BookingStatus(status)
    tone, icon = _STATUS_MARKS[known]
    return chip(known.label.capitalize(), tone, icon)


def local_moment(
    moment: datetime | None, tz: ZoneInfo, *, seconds: bool = False, this_year: int | None = None
) -> SafeString | str:
    """An instant in a restaurant's time with the zone named; UTC in the title.

    Where `this_year` is given, that year goes without saying.
    """
    if moment is None:
        return NONE
    local, utc = moment.astimezone(tz), moment.astimezone(UTC)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    day = f"{local:%a %d %b}" if local.year == this_year else f"{local:%a %d %b %Y}"
    return format_html(
        '<time datetime="{}" title="{}" class="nowrap">{} {} <span class="muted">{}</span></time>',
        utc.isoformat(),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC, {tz.key}",
        day,
        clock,
        zone_name(local),
    )


def zone_name(local: datetime) -> str:
    """The zone's letters, such as CET; "UTC+03" where the time zone database has none."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def joined(numbers: Iterable[str]) -> str:
    """Tables of one booking: T1 + T2."""
    return " + ".join(numbers) or NONE


def needs(row: Booking | ChangeWish) -> str:
    """The asked zone and attributes, in words."""
    wanted = [row.zone.name] if row.zone else []
    return ", ".join([*wanted, *(name.replace("_", " ") for name in row.requires)]) or NONE


class TableNumbers(Func):
    """SQL: the numbers of the tables whose ids stand in an array column, in its order."""

    template = (
        "ARRAY(SELECT t.number FROM tables t WHERE t.id = ANY(%(expressions)s)"
        " ORDER BY array_position(%(expressions)s, t.id))"
    )
    output_field = ArrayField(CharField())
    arity = 1
