"""``manage.py assign BOOKING``: runs one booking by hand and prints the explained decision."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from assignments.coordinator import Confirmed, ManualReview, Noop, Outcome, Retry, process_booking
from assignments.coordinator.claim import refusal
from assignments.decision_text import in_words, names_for, sentence
from assignments.engine.explain import explain
from assignments.facts_store import load_facts
from assignments.models import Attempt
from assignments.read_only import read_only
from bookings.models import Allocation, Booking

#: Exit status for a booking there is none of.
UNKNOWN_BOOKING = 2


class Command(BaseCommand):
    help = (
        "Take one booking as far as it gets, as a worker would, and print the decision: plans with their "
        "scores, for every table why not. With --dry-run only plan, and change nothing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("booking", metavar="BOOKING", help="reference, such as B-7KQ4M2, or id")
        parser.add_argument("--dry-run", action="store_true", help="only plan; the database refuses writes")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *, booking: str, dry_run: bool, as_json: bool, **_: Any) -> None:
        found = booking_called(booking)
        told = _planned(found) if dry_run else _assigned(found)
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(_headline(found))
        self.stdout.write("Dry run, nothing was changed." if dry_run else _outcome_in_words(told))
        decision = told["decision"]
        if decision:
            self.stdout.write("\n".join(in_words(decision, names_for(found.restaurant, decision))))


def booking_called(name: str) -> Booking:
    """The booking of this reference or id. Raises CommandError, status 2, if there is none."""
    bookings = Booking.objects.select_related("restaurant")
    found = bookings.filter(reference=name).first()
    if found is None and name.isdecimal() and len(name) < 19:
        found = bookings.filter(pk=int(name)).first()
    if found is None:
        raise CommandError(
            f"no booking has the reference or id {name!r}; copy the reference from the console",
            returncode=UNKNOWN_BOOKING,
        )
    return found


def _planned(booking: Booking) -> dict[str, Any]:
    """What the engine would decide now, as if the booking itself held no tables."""
    with read_only():
        refused = refusal(booking)
        if refused is not None:
            decision: dict[str, Any] = {"reason": refused.value, "certificate": {"kind": "exhaustive"}}
        else:
            facts, request = load_facts(booking=booking, now=timezone.now())
            decision = explain(facts, request).as_json()
    return {**_who(booking), "dry_run": True, "outcome": None, "decision": decision}


def _assigned(booking: Booking) -> dict[str, Any]:
    """The run's outcome, with the decision of the latest attempt."""
    outcome = process_booking(booking_id=booking.pk, trigger="command")
    booking.refresh_from_db()
    attempt = Attempt.objects.filter(booking=booking).order_by("-attempt_no").first()
    tables = Allocation.objects.filter(booking=booking, active=True).order_by("table__number")
    return {
        **_who(booking),
        "dry_run": False,
        "outcome": _outcome_as_json(outcome),
        "tables": list(tables.values_list("table__number", flat=True)),
        "decision": attempt.metadata if attempt else None,
    }


def _who(booking: Booking) -> dict[str, Any]:
    return {"booking": booking.reference, "id": booking.pk, "state": booking.assignment_state}


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    fields = asdict(outcome)
    if isinstance(outcome, Retry):
        fields["delay"] = outcome.delay.total_seconds()
    name = {Confirmed: "confirmed", Retry: "retry", ManualReview: "manual_review", Noop: "noop"}
    return {"kind": name[type(outcome)], **fields}


def _headline(booking: Booking) -> str:
    tz = booking.restaurant.tzinfo
    start, end = booking.start_at.astimezone(tz), booking.end_at.astimezone(tz)
    return (
        f"{booking.reference} at {booking.restaurant.name}: party of {booking.party_size}, "
        f"{start:%a %d %b %Y %H:%M} to {end:%H:%M}, {booking.assignment_state or 'imported history'}"
    )


def _outcome_in_words(told: Mapping[str, Any]) -> str:
    outcome = told["outcome"]
    match outcome["kind"]:
        case "confirmed":
            return f"Confirmed at {' + '.join(told['tables'])} by {outcome['strategy']}."
        case "retry":
            return f"Tried again in {outcome['delay']:.1f} s: {sentence(outcome['reason'])}"
        case "manual_review":
            return f"Handed to people: {sentence(outcome['reason'])}"
        case _:
            latest = " Its latest attempt:" if told["decision"] else ""
            return f"Nothing to do: {sentence(outcome['reason'])}.{latest}"
