"""The comparison as text, JSON or one HTML page with a seating chart per day and policy."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from assignments.benchmarks.compare import Entry, Total, totals
from assignments.benchmarks.text import percent, table
from assignments.engine.day import PlannedDay, Step
from assignments.engine.facts import Seating

if TYPE_CHECKING:
    from assignments.engine.ids import Id

HEAD = (
    "policy",
    "covers",
    "worst day",
    "reviews",
    "avoidable",
    "undecided",
    "moves/booking",
    "slack",
    "p95 ms",
)

LEFT, ROW, WIDTH, TOP = 90, 18, 960, 24
"""Pixels: label column, height of a lane, width of the time axis, height of the axis."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; color: #1d2530; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #d7dce2; }
th:first-child, td:first-child { text-align: left; }
svg { display: block; max-width: 100%; height: auto; margin: .5rem 0 1.5rem; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.lane { stroke: #d7dce2; } .hour { stroke: #d7dce2; stroke-dasharray: 2 3; }
.bar { fill: #cfe3f7; stroke: #3b76ab; }
.locked { stroke-width: 2.5; } .joined { fill: #d9efdc; stroke: #3d8a4c; }
.moved { stroke-dasharray: 4 2; } .block { fill: #c3c9d1; } .review { fill: #f8d9d3; stroke: #b5442f; }
@media (prefers-color-scheme: dark) {
  body { background: #14181d; color: #e3e7ec; } th, td { border-color: #39424d; }
  .bar { fill: #1f3d58; } .joined { fill: #21452a; } .review { fill: #5a261d; } .block { fill: #4a535e; }
  .lane, .hour { stroke: #39424d; }
}
"""


def as_text(entries: Sequence[Entry]) -> str:
    """The totals, and below them every day."""
    days = [
        (
            f"{entry.name} / {entry.day.policy}",
            f"{_seated(entry)} of {entry.hindsight.covers}",
            len(entry.day.steps) - len(entry.day.final),
            entry.avoidable,
        )
        for entry in entries
    ]
    head = ("day / policy", "covers of hindsight", "reviews", "avoidable")
    return table(HEAD, [_cells(total) for total in totals(entries)]) + "\n\n" + table(head, days)


def as_json(entries: Sequence[Entry]) -> str:
    content = {
        "totals": [total.as_json() for total in totals(entries)],
        "days": [entry.as_json() for entry in entries],
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def as_html(entries: Sequence[Entry]) -> str:
    """A page that needs nothing else: totals, then a chart for each day and policy."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in HEAD)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in _cells(total)) + "</tr>"
        for total in totals(entries)
    )
    charts = "".join(_section(entry) for entry in entries)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Policies compared</title>"
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>"
        "<h1>Policies compared</h1><p>Covers are shares of what hindsight allows. An avoidable review is one "
        "for which a legal seating existed.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "<p>Charts: bars are bookings by party size; green are joined tables, a broken edge means moved at "
        "least once, a thick edge locked, grey out of service; red bars below found no table.</p>"
        f"{charts}</body></html>"
    )


def _cells(total: Total) -> tuple[object, ...]:
    return (
        total.policy,
        percent(total.covers),
        percent(total.worst_day),
        total.reviews,
        total.avoidable,
        total.undecided,
        f"{total.moves:.3f}",
        percent(total.slack),
        f"{total.milliseconds['p95']:.1f}",
    )


def _seated(entry: Entry) -> int:
    return sum(seating.party_size for seating in entry.day.final)


def _section(entry: Entry) -> str:
    title = f"{entry.name}, {entry.day.policy}"
    facts = (
        f"{_seated(entry)} of {entry.hindsight.covers} covers, "
        f"{len(entry.day.steps) - len(entry.day.final)} reviews, {entry.avoidable} avoidable"
    )
    return f"<h2>{escape(title)}</h2><p>{escape(facts)}</p>{Chart(entry.day).svg(title)}"


class Chart:
    """Tables as lanes, time from left to right, local time on the axis; reviews in lanes below."""

    def __init__(self, day: PlannedDay) -> None:
        self.day = day
        self.zone = ZoneInfo(day.scenario.timezone)
        periods = [step.arrival.request.period for step in day.steps]
        now = datetime.now(tz=self.zone)
        self.first = min((period.start for period in periods), default=now)
        self.last = max((period.end for period in periods), default=now + timedelta(hours=1))
        tables = sorted(day.scenario.plan.tables, key=lambda item: (item.zone, str(item.id)))
        self.lanes: dict[Id, int] = {item.id: place for place, item in enumerate(tables)}
        self.reviews = [step for step in day.steps if not step.decision.plan]
        self.moved = {
            move.booking for step in day.steps if step.decision.plan for move in step.decision.plan.moves
        }

    def svg(self, title: str) -> str:
        height = TOP + ROW * (len(self.lanes) + len(self.reviews)) + 6
        parts = [*self._axis(height), *self._labels(), *self._blocks(), *self._seatings(), *self._reviews()]
        return (
            f"<svg viewBox='0 0 {LEFT + WIDTH} {height}' role='img' aria-label='{escape(title, quote=True)}'>"
            + "".join(parts)
            + "</svg>"
        )

    def _x(self, instant: datetime) -> float:
        share = (instant - self.first) / (self.last - self.first)
        return round(LEFT + WIDTH * min(1.0, max(0.0, share)), 1)

    def _axis(self, height: int) -> Iterator[str]:
        # Hours are counted in UTC, so that the axis stays even when the clocks change.
        hour = self.first.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        while hour < self.last:
            x, label = self._x(hour), hour.astimezone(self.zone).strftime("%H:%M")
            yield f"<line class='hour' x1='{x}' x2='{x}' y1='{TOP}' y2='{height}'/>"
            yield f"<text x='{x}' y='14' text-anchor='middle'>{label}</text>"
            hour += timedelta(hours=1)

    def _labels(self) -> Iterator[str]:
        for table_id, lane in self.lanes.items():
            seats = self.day.scenario.plan.table[table_id].capacity
            y = TOP + lane * ROW
            yield f"<line class='lane' x1='0' x2='{LEFT + WIDTH}' y1='{y}' y2='{y}'/>"
            yield f"<text x='4' y='{y + 13}'>{escape(str(table_id))} ({seats} seats)</text>"

    def _blocks(self) -> Iterator[str]:
        for block in self.day.scenario.blocks:
            yield self._bar("block", self.lanes[block.table], block.period.start, block.period.end, "")

    def _seatings(self) -> Iterator[str]:
        for seating in self.day.final:
            for table_id in seating.tables:
                style, period = self._style(seating), seating.period
                label = str(seating.party_size)
                yield self._bar(style, self.lanes[table_id], period.start, period.end, label)

    def _style(self, seating: Seating) -> str:
        marks = (
            ("joined", len(seating.tables) > 1),
            ("moved", seating.booking in self.moved),
            ("locked", seating.locked),
        )
        return " ".join(["bar", *(name for name, true in marks if true)])

    def _reviews(self) -> Iterator[str]:
        for place, step in enumerate(self.reviews):
            lane = len(self.lanes) + place
            period = step.arrival.request.period
            yield self._bar("review", lane, period.start, period.end, _review_label(step))

    def _bar(self, style: str, lane: int, start: datetime, end: datetime, label: str) -> str:
        x, y = self._x(start), TOP + lane * ROW + 2
        width = max(1.0, round(self._x(end) - x, 1))
        box = f"<rect class='{style}' x='{x}' y='{y}' width='{width}' height='{ROW - 4}' rx='3'/>"
        return box + (f"<text x='{x + 4}' y='{y + 11}'>{escape(label)}</text>" if label else "")


def _review_label(step: Step) -> str:
    reason = step.decision.reason
    return f"{step.arrival.request.party_size}: {reason.value if reason else 'review'}"
