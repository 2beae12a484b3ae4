"""A floor plan from decoded JSON. What it leaves out stays as it is, or is the default in a new one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from bookings.calendar import LocalTimeError, resolve_local
from bookings.imports.floor_plan import plan
from bookings.imports.floor_plan.checks import check
from bookings.imports.floor_plan.plan import Plan, Rules
from bookings.imports.floor_plan.reading import NO_MOMENT, ObjectReader, PlanError, Problem
from bookings.models import TableAttribute, Weekday, ZoneKind

WEEKDAYS = [name.lower() for name in Weekday.names]


def slug_in(content: object) -> str:
    """The restaurant a document is about. Raises PlanError if it names none."""
    problems: list[Problem] = []
    slug = _slug(ObjectReader(content, (), problems))
    if problems:
        raise PlanError(problems)
    return slug


def read_plan(content: object, *, base: Plan | None = None) -> Plan:
    """The plan in a document; what it leaves out is taken from `base`. Raises PlanError with all problems."""
    problems: list[Problem] = []
    document = ObjectReader(content, (), problems)
    slug = _slug(document)
    rules = _rules(document, slug, base.rules if base else None)
    empty = Plan(slug=slug, rules=rules)
    found = _Sections(document, base or empty, rules)
    read = Plan(
        slug=slug,
        rules=rules,
        tables=(tables := found.tables()),
        zones=found.zones(tables),
        adjacencies=found.adjacencies(tables),
        combinations=found.combinations(tables),
        service_periods=found.service_periods(),
        turn_times=found.turn_times(),
        closures=found.closures(),
        blocks=found.blocks(tables),
        pacing=found.pacing(),
    )
    if "bookings" in document.content:
        document.asked.add("bookings")
        document.note("a floor plan has no bookings; import them with import_bookings", "bookings")
    document.nothing_else()
    if not problems:
        problems.extend(check(read))
    if problems:
        raise PlanError(problems)
    return read


def _slug(document: ObjectReader) -> str:
    slug = document.text("restaurant", longest=50)
    try:
        if slug:
            validate_slug(slug)
    except ValidationError:
        document.note(f"{slug!r} is no slug; use letters, digits, hyphens and underscores", "restaurant")
    return slug


def _rules(document: ObjectReader, slug: str, base: Rules | None) -> Rules:
    """The restaurant's own columns; a new one needs its time zone."""
    had = base or Rules(name=slug.replace("-", " ").title(), timezone="")
    timezone = (
        document.text("timezone", had.timezone, longest=64) if base else document.text("timezone", longest=64)
    )
    if timezone and timezone not in available_timezones():
        document.note(f"{timezone!r} is no time zone; write one like Europe/London", "timezone")
    return Rules(
        name=document.text("name", had.name, longest=120),
        timezone=timezone,
        active=document.truth("active", default=had.active),
        buffer_minutes=document.whole("buffer_minutes", had.buffer_minutes, most=240),
        max_slack=document.whole("max_slack", had.max_slack),
        max_tables=document.whole("max_tables", had.max_tables, least=1),
        max_party_auto=document.whole("max_party_auto", had.max_party_auto, least=1),
        freeze_minutes=document.whole("freeze_minutes", had.freeze_minutes),
        place_from_review=document.truth("place_from_review", default=had.place_from_review),
    )


class _Sections:
    """Each section of the document: the whole of it if it is there, else the base's."""

    def __init__(self, document: ObjectReader, base: Plan, rules: Rules) -> None:
        self.document = document
        self.base = base
        known = rules.timezone in available_timezones()
        self.tz = ZoneInfo(rules.timezone) if known else ZoneInfo("UTC")

    def zones(self, tables: Sequence[plan.Table]) -> tuple[plan.Zone, ...]:
        """Zones that only tables name are indoor, in the order of the tables."""
        if self.document.has("zones"):
            return tuple(
                plan.Zone(
                    name=zone.text("name", longest=60),
                    kind=zone.choice("kind", ZoneKind.values, ZoneKind.INDOOR.value),
                    sort_order=zone.whole("sort_order", place),
                )
                for place, zone in enumerate(self.document.objects("zones"))
            )
        known = {zone.name for zone in self.base.zones}
        new = [name for name in dict.fromkeys(table.zone for table in tables) if name not in known]
        places = range(len(known), len(known) + len(new))
        added = (
            plan.Zone(name=name, kind=ZoneKind.INDOOR.value, sort_order=place)
            for name, place in zip(new, places, strict=True)
        )
        return (*self.base.zones, *added)

    def tables(self) -> tuple[plan.Table, ...]:
        if not self.document.has("tables"):
            return self.base.tables
        return tuple(_table(reader) for reader in self.document.objects("tables"))

    def adjacencies(self, tables: Sequence[plan.Table]) -> tuple[plan.Adjacency, ...]:
        if self.document.has("adjacencies"):
            pairs = enumerate(self.document.items("adjacencies"))
            return tuple(pair for place, item in pairs for pair in self._pair(item, place))
        standing = {table.number for table in tables}
        return tuple(pair for pair in self.base.adjacencies if {pair.first, pair.second} <= standing)

    def _pair(self, item: object, place: int) -> Sequence[plan.Adjacency]:
        if isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item):
            first, second = sorted(item)
            return [plan.Adjacency(first=first, second=second)]
        self.document.note('expected two tables, such as ["T1", "T2"]', "adjacencies", place)
        return []

    def combinations(self, tables: Sequence[plan.Table]) -> tuple[plan.Combination, ...]:
        if self.document.has("combinations"):
            return tuple(_combination(reader) for reader in self.document.objects("combinations"))
        standing = {table.number for table in tables}
        return tuple(named for named in self.base.combinations if standing.issuperset(named.tables))

    def service_periods(self) -> tuple[plan.ServicePeriod, ...]:
        if not self.document.has("service_periods"):
            return self.base.service_periods
        readers = self.document.objects("service_periods")
        return tuple(period for reader in readers for period in _service_periods(reader))

    def turn_times(self) -> tuple[plan.TurnTime, ...]:
        if not self.document.has("turn_times"):
            return self.base.turn_times
        return tuple(
            plan.TurnTime(
                service=turn.text("service", "", longest=40, empty=True),
                min_party=turn.whole("min_party", 1, least=1),
                max_party=turn.whole("max_party", least=1),
                minutes=turn.whole("minutes", least=15, most=720),
            )
            for turn in self.document.objects("turn_times")
        )

    def closures(self) -> tuple[plan.Closure, ...]:
        if not self.document.has("closures"):
            return self.base.closures
        return tuple(
            plan.Closure(
                starts_on=(first := closure.day("from")),
                ends_on=closure.day("to", first),
                reason=closure.text("reason", "", longest=200, empty=True),
            )
            for closure in self.document.objects("closures")
        )

    def blocks(self, tables: Sequence[plan.Table]) -> tuple[plan.Block, ...]:
        if not self.document.has("blocks"):
            standing = {table.number for table in tables}
            return tuple(block for block in self.base.blocks if block.table in standing)
        return tuple(
            plan.Block(
                table=block.text("table", longest=20),
                start=self._instant(block, "start"),
                end=self._instant(block, "end"),
                reason=block.text("reason", "", longest=200, empty=True),
            )
            for block in self.document.objects("blocks")
        )

    def _instant(self, block: ObjectReader, key: str) -> datetime:
        """A time without offset is on the restaurant's clock."""
        moment = block.moment(key)
        try:
            return moment.astimezone(UTC) if moment.tzinfo else resolve_local(moment, self.tz)
        except LocalTimeError as error:
            block.note(str(error), key)
        except OverflowError:
            if moment != NO_MOMENT:
                block.note(f"the year {moment.year} is out of range", key)
        return datetime.min.replace(tzinfo=UTC)

    def pacing(self) -> plan.Pacing | None:
        if not self.document.has("pacing"):
            return self.base.pacing
        if self.document.content["pacing"] is None:
            return None
        reader = ObjectReader(self.document.content["pacing"], ("pacing",), self.document.problems)
        found = plan.Pacing(
            interval_minutes=reader.whole("interval_minutes", 15, least=1),
            max_covers=reader.whole("max_covers", least=1),
        )
        reader.nothing_else()
        return found


def _table(reader: ObjectReader) -> plan.Table:
    capacity = reader.whole("capacity", least=1)
    return plan.Table(
        number=reader.text("id", longest=20),
        zone=reader.text("zone", longest=60),
        capacity=capacity,
        min_party=reader.whole("min_party", 1, least=1),
        max_party=reader.whole("max_party", capacity, least=1),
        movable=reader.truth("movable", default=True),
        attributes=reader.choices("attributes", TableAttribute.values),
        active=reader.truth("active", default=True),
    )


def _combination(reader: ObjectReader) -> plan.Combination:
    tables = [str(number) for number in reader.items("tables")]
    return plan.Combination(
        name=reader.text("name", " + ".join(sorted(tables))[:60], longest=60),
        tables=tuple(sorted(tables)),
        capacity=reader.whole("capacity", least=1),
    )


def _service_periods(reader: ObjectReader) -> list[plan.ServicePeriod]:
    """One for each weekday; without weekdays the service is daily."""
    days = reader.choices("weekdays", WEEKDAYS) if reader.has("weekdays") else WEEKDAYS
    name, opens, closes = reader.text("name", longest=40), reader.clock("opens"), reader.clock("closes")
    last = reader.clock("last_seating", None)
    return [
        plan.ServicePeriod(
            weekday=WEEKDAYS.index(day), name=name, opens=opens, closes=closes, last_seating=last
        )
        for day in days
        if day in WEEKDAYS
    ]
