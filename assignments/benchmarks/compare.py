"""Plans the same days by several policies and holds them against the optimum in hindsight."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assignments.engine.day import PlannedDay, Step, plan_day, slack_seats, spread, summary_of
from assignments.engine.decide import decide_patiently
from assignments.engine.hindsight import Hindsight, best_in_hindsight
from assignments.engine.reasons import Reason
from assignments.engine.scenario import Scenario


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One day planned by one policy. `avoidable` counts reviews for which a legal seating existed then,
    moves of movable bookings included; `undecided` those where not even the solver could tell."""

    name: str
    day: PlannedDay
    hindsight: Hindsight
    avoidable: int
    undecided: int

    def as_json(self) -> dict[str, Any]:
        return {
            "scenario": self.name,
            "policy": self.day.policy,
            **summary_of(self.day),
            "covers_in_hindsight": self.hindsight.covers,
            "covers_in_hindsight_at_most": self.hindsight.covers_at_most,
            "avoidable_reviews": self.avoidable,
            "undecided_reviews": self.undecided,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """A policy over all days. Shares are 0 to 1; `worst_day` is the lowest share of covers on one day."""

    policy: str
    days: int
    bookings: int
    covers: float
    worst_day: float
    reviews: int
    avoidable: int
    undecided: int
    moves: float
    slack: float
    milliseconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "days": self.days,
            "bookings": self.bookings,
            "covers_of_hindsight": round(self.covers, 5),
            "worst_day": round(self.worst_day, 5),
            "reviews": self.reviews,
            "avoidable_reviews": self.avoidable,
            "undecided_reviews": self.undecided,
            "moves_per_booking": round(self.moves, 4),
            "slack_share": round(self.slack, 4),
            "decision_ms": self.milliseconds,
        }


def compared(
    days: Iterable[tuple[str, Scenario]], policies: Sequence[str], done: Callable[[], object]
) -> list[Entry]:
    """All days by all policies; `done` is called after each, for a progress bar."""
    entries: list[Entry] = []
    for name, scenario in days:
        planned = []
        for policy in policies:
            planned.append(plan_day(scenario, policy))
            done()
        # The best day found helps the solver, and often is the optimum already.
        best = max(planned, key=lambda day: sum(seating.party_size for seating in day.final))
        hindsight = best_in_hindsight(scenario, best.final)
        entries += [_entry(name, day, hindsight) for day in planned]
    return entries


def totals(entries: Sequence[Entry]) -> list[Total]:
    """One line a policy, in the order of the entries."""
    policies = dict.fromkeys(entry.day.policy for entry in entries)
    return [_total(policy, [entry for entry in entries if entry.day.policy == policy]) for policy in policies]


def _entry(name: str, day: PlannedDay, hindsight: Hindsight) -> Entry:
    verdicts = [_second_look(day.policy, step) for step in day.steps if not step.decision.plan]
    return Entry(
        name=name,
        day=day,
        hindsight=hindsight,
        avoidable=verdicts.count("avoidable"),
        undecided=verdicts.count("undecided"),
    )


def _second_look(policy: str, step: Step) -> str:
    """Whether a review had to be; our own decisions carry their proof, for others the ladder is asked."""
    decision = step.decision if policy == "v3" else decide_patiently(step.facts, step.arrival.request)
    if decision.plan:
        return "avoidable"
    return "undecided" if decision.reason == Reason.UNDECIDED else "proven"


def _total(policy: str, entries: list[Entry]) -> Total:
    days = [entry.day for entry in entries]
    bookings = sum(len(day.steps) for day in days)
    seated = [_covers(day) for day in days]
    possible = [entry.hindsight.covers for entry in entries]
    slack = sum(slack_seats(day) for day in days)
    return Total(
        policy=policy,
        days=len(days),
        bookings=bookings,
        covers=_share(sum(seated), sum(possible)),
        worst_day=min(_share(covers, most) for covers, most in zip(seated, possible, strict=True)),
        reviews=sum(len(day.steps) - len(day.final) for day in days),
        avoidable=sum(entry.avoidable for entry in entries),
        undecided=sum(entry.undecided for entry in entries),
        moves=sum(_moves(day) for day in days) / max(1, bookings),
        slack=_share(slack, slack + sum(seated), nothing=0.0),
        milliseconds=spread([step.milliseconds for day in days for step in day.steps]),
    )


def _covers(day: PlannedDay) -> int:
    return sum(seating.party_size for seating in day.final)


def _moves(day: PlannedDay) -> int:
    return sum(len(step.decision.plan.moves) for step in day.steps if step.decision.plan)


def _share(part: int, whole: int, nothing: float = 1.0) -> float:
    return part / whole if whole else nothing
