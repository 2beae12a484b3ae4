"""How bookings move: transitions made, and the states that bookings received in a window are in now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observability.metrics.rates import Rate
from observability.metrics.series import SQL, Labels, read, span_of
from observability.metrics.volumes import counts
from observability.metrics.window import Window
from observability.named_sql import ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """How often bookings went from one state to another."""

    origin: str
    target: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class States:
    """Bookings received in a window by the state they are in now, and the share of final states."""

    by_state: dict[str, int]
    final: Rate


FINAL = frozenset({"confirmed", "manual_review", "cancelled"})


def transitions(window: Window) -> Sequence[Transition]:
    """Transitions of the window on both paths, the most frequent first."""
    return _transitions(read(window, "transition")["transition"])


def shadow_transitions(window: Window) -> Sequence[Transition]:
    """Transitions that V3 would have made in shadow runs."""
    return _transitions(read(window, "shadow_transition")["shadow_transition"])


def states(window: Window) -> States:
    """Where the bookings received in the window stand now; imported history is left out."""
    rows = ask(SQL["states"], span_of(window))
    by_state = {row.state: row.count for row in rows}
    return States(
        by_state=by_state,
        final=Rate(
            numerator=sum(count for state, count in by_state.items() if state in FINAL),
            denominator=sum(by_state.values()),
        ),
    )


def final_by_restaurant(window: Window) -> Mapping[int, Rate]:
    """The share of final states of each restaurant that received a booking in the window."""
    rows = ask(SQL["final_by_restaurant"], {**span_of(window), "final": sorted(FINAL)})
    return {row.restaurant_id: Rate(numerator=row.final, denominator=row.count) for row in rows}


def _transitions(labels: Labels) -> list[Transition]:
    made = []
    for label, count in counts(labels).items():
        origin, _, target = label.partition(">")
        made.append(Transition(origin=origin, target=target, count=count))
    return made
