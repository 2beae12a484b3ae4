"""``manage.py flags``: read, set and kill the flags of the assignment pipeline."""

import getpass
import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from assignments.engine.flags import Flag
from assignments.flags import FlagError, acknowledgements, overview, services
from assignments.flags.acknowledgements import Effect, Worker
from assignments.flags.authors import Author
from assignments.flags.changes import Change
from assignments.flags.cohorts import checked_percentage
from assignments.flags.proposals import change_alone
from assignments.flags.wanted import Action, Wanted
from bookings.models import Restaurant

#: Longer than a worker that is gone counts as live, so that waiting for it ends by itself.
PATIENCE = timedelta(seconds=15)

#: No waiting and no override told in hours is longer.
MOST = timedelta(days=365)


class Command(BaseCommand):
    help = "Shows or changes the flags: which bookings V3 assigns, which are compared, and the kill switch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, text: str, *, writes: bool = True) -> ArgumentParser:
            added: ArgumentParser = actions.add_parser(name, help=text, description=text)
            added.add_argument("--json", action="store_true", help="print one JSON object")
            if writes:
                added.add_argument("--by", help="who changes it (default: the user of this shell)")
            return added

        show = action(
            "show", "Show the values in force, where they come from, and the last changes.", writes=False
        )
        show.add_argument("--restaurant", help="explain the path of this restaurant, by number or short name")
        show.add_argument(
            "--booking", help="with --restaurant: explain the path of this booking, by reference or number"
        )
        self._add_set(action("set", "Set a flag for all restaurants."))
        self._add_override(action("override", "Set or clear a flag for one restaurant."))
        kill = action("kill", "Send every booking to the legacy planner, now.")
        kill.add_argument("--reason", default="killed from the shell")
        kill.add_argument(
            "--wait", action="store_true", help="wait until every live worker has acknowledged it"
        )
        kill.add_argument(
            "--timeout",
            type=_duration("seconds"),
            default=PATIENCE,
            help=f"seconds to wait ({PATIENCE.total_seconds():g})",
        )
        action("revive", "Take the kill back.").add_argument("--reason", required=True)
        action(
            "acks", "Show which worker runs which version; status 1 if a live one is behind.", writes=False
        )

    def _add_set(self, parser: ArgumentParser) -> None:
        parser.add_argument("flag", choices=("v3", "shadow", "max_parallel"))
        parser.add_argument(
            "value",
            help="v3: per cent of the restaurants, on or off; shadow: on or off; max_parallel: 1 to 10",
        )
        parser.add_argument("--label", help="v3: freeze the cohort under this name, or bring it back")
        parser.add_argument("--reason", required=True)

    def _add_override(self, parser: ArgumentParser) -> None:
        parser.add_argument("restaurant", help="number or short name")
        parser.add_argument("value", help="on, off, per cent of its bookings, or clear")
        parser.add_argument("--flag", choices=[flag.value for flag in Flag], default=Flag.V3.value)
        parser.add_argument("--hours", type=_duration("hours"), help="expire after so many hours")
        parser.add_argument("--until", help="expire then, such as 2027-03-05T18:00+00:00")
        parser.add_argument("--reason", required=True)

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        act: Callable[..., None] = getattr(self, f"do_{action}")
        try:
            act(**{name: _readable(value) for name, value in options.items()})
        except FlagError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            message = (
                f"the database does not answer, and flags are read and changed there: {str(error).strip()}. "
                "Workers that cannot reach it go to legacy by themselves; started anew with "
                "FEATURE_ASSIGNMENT_PIPELINE_V3=false in their environment, they stay there."
            )
            raise CommandError(message) from error

    def do_show(self, *, restaurant: str | None, booking: str | None, json: bool, **_: Any) -> None:
        if booking is not None and restaurant is None:
            raise CommandError("--booking needs --restaurant")
        found = _restaurant(restaurant) if restaurant else None
        shown = overview.overview(
            restaurant_id=found.pk if found else None,
            booking_id=_booking(booking, found) if booking and found else None,
        )
        self._print(shown, json=json, text=overview.as_text)

    def do_set(self, *, flag: str, value: str, label: str | None, reason: str, **options: Any) -> None:
        if label is not None and flag != "v3":
            raise CommandError(f"--label names a cohort of v3; {flag} has none")
        if flag == "v3":
            wanted = Wanted(action=Action.COHORT, percentage=_percentage(value), label=label)
        elif flag == "shadow":
            wanted = Wanted(action=Action.SHADOW, on=_on(value))
        else:
            wanted = Wanted(action=Action.LIMIT, limit=_limit(value))
        self._print_change(change_alone(wanted=wanted, **_cause(reason, options["by"])), options)

    def do_override(
        self,
        *,
        restaurant: str,
        value: str,
        flag: str,
        hours: timedelta | None,
        until: str | None,
        **options: Any,
    ) -> None:
        cause = _cause(options["reason"], options["by"])
        target: dict[str, Any] = {"restaurant_id": _restaurant(restaurant).pk, "flag": Flag(flag)}
        if value == "clear":
            wanted = Wanted(action=Action.CLEAR, **target)
        else:
            wanted = Wanted(
                action=Action.OVERRIDE,
                percentage=_percentage(value),
                expires_at=_expiry(hours, until, cause["now"]),
                **target,
            )
        self._print_change(change_alone(wanted=wanted, **cause), options)

    def do_kill(self, *, reason: str, by: str | None, wait: bool, timeout: timedelta, **options: Any) -> None:
        change = services.kill(**_cause(reason, by))
        if not wait:
            self._print_change(change, options)
            return
        effect = acknowledgements.await_effect(version=change.version, timeout=timeout)
        self._print(_effect(effect), json=options["json"], text=lambda _: _effect_text(effect))
        if effect.missing:
            sys.exit(1)

    def do_revive(self, *, reason: str, by: str | None, **options: Any) -> None:
        wanted = Wanted(action=Action.REVIVE)
        self._print_change(change_alone(wanted=wanted, **_cause(reason, by)), options)

    def do_acks(self, *, json: bool, **_: Any) -> None:
        version = overview.version()
        effect = acknowledgements.effect_of(version)
        shown = {"version": version, "workers": [_worker(worker) for worker in acknowledgements.workers()]}
        self._print(shown, json=json, text=_acks_text)
        if effect.missing:
            sys.exit(1)

    def _print_change(self, change: Change, options: dict[str, Any]) -> None:
        def text(_: Any) -> str:
            if not change.changed:
                return f"Nothing to change: that is the value already (version {change.version})."
            return f"Changed; version {change.version} is in force."

        self._print({"version": change.version, "changed": change.changed}, json=options["json"], text=text)

    def _print(self, shown: dict[str, Any], *, json: bool, text: Callable[[dict[str, Any]], str]) -> None:
        self.stdout.write(_as_json(shown) if json else text(shown))


def _as_json(shown: dict[str, Any]) -> str:
    return json.dumps(shown, default=str)


def _cause(reason: str, by: str | None) -> dict[str, Any]:
    return {"reason": reason, "by": Author(name=by or f"shell:{_shell_user()}"), "now": timezone.now()}


def _readable(value: Any) -> Any:
    """Text with a mark for what the shell's encoding does not have: no kill fails on that."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _duration(unit: str) -> Callable[[str], timedelta]:
    """A parser of so many seconds or hours, MOST at most."""

    def parsed(text: str) -> timedelta:
        try:
            found = timedelta(**{unit: float(text)})
        except (ValueError, OverflowError):
            found = None
        if found is None or not timedelta(0) <= found <= MOST:
            raise ArgumentTypeError(
                f"{text!r} is no number of {unit} from 0 to {MOST / timedelta(**{unit: 1}):.0f}"
            )
        return found

    return parsed


def _shell_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user need not have a name.
        return str(os.getuid())


def _restaurant(text: str) -> Restaurant:
    found = list(Restaurant.objects.filter(Q(slug=text) | Q(pk=_number(text))))
    if not found:
        raise CommandError(f"there is no restaurant {text!r}: give its number or its short name")
    if len(found) > 1:
        # Each is to be had by what the other one lacks.
        ways = " or ".join(
            f"{place.slug if str(place.pk) == text else place.pk} for {place.name}" for place in found
        )
        raise CommandError(f"{text!r} is one restaurant's number and another one's short name: give {ways}")
    return found[0]


def _number(text: str) -> int | None:
    """A number of at most 18 digits, which every id has room for."""
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def _booking(text: str, restaurant: Restaurant) -> int:
    """Its number, also of one that is yet to come: the path depends on it alone."""
    number = _number(text)
    if number is not None:
        return number
    found = restaurant.bookings.filter(reference=text.upper()).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"{restaurant.name} has no booking {text!r}: give its reference or its number")
    return found


def _percentage(text: str) -> Any:
    """Checked by the service; on and off are all and none."""
    return checked_percentage({"on": "100", "off": "0"}.get(text, text.rstrip("%")))


def _on(text: str) -> bool:
    if text not in {"on", "off"}:
        raise CommandError(f"{text!r} is neither on nor off")
    return text == "on"


def _limit(text: str) -> int:
    limit = _number(text)
    if limit is None:
        raise CommandError(f"{text!r} is no number of runs: give 1 to 10")
    return limit


def _expiry(hours: timedelta | None, until: str | None, now: datetime) -> datetime | None:
    if hours is not None and until is not None:
        raise CommandError("give --hours or --until, not both")
    if hours is not None:
        return now + hours
    if until is None:
        return None
    expires_at = _parsed(until)
    if expires_at is None or timezone.is_naive(expires_at):
        raise CommandError(f"{until!r} is no time with an offset, such as 2027-03-05T18:00+00:00")
    return expires_at


def _parsed(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _worker(worker: Worker) -> dict[str, Any]:
    return {
        "worker": worker.worker,
        "version": worker.version,
        "live": worker.live,
        "age_s": round(worker.age, 2),
        "acknowledged_at": worker.acknowledged_at.isoformat(),
        "pins": worker.pins,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "version": effect.version,
        "acknowledged": [worker.worker for worker in effect.acknowledged],
        "missing": [worker.worker for worker in effect.missing],
        "took_s": None if effect.took is None else round(effect.took.total_seconds(), 3),
    }


def _effect_text(effect: Effect) -> str:
    if effect.missing or effect.took is None:
        names = ", ".join(worker.worker for worker in effect.missing)
        return (
            f"Version {effect.version} is in force, but not acknowledged by {names}. "
            "Stop that process if it does not answer soon."
        )
    if not effect.acknowledged:
        return f"Version {effect.version} is in force. No worker is running."
    count = len(effect.acknowledged)
    seconds = effect.took.total_seconds()
    return f"Version {effect.version} is acknowledged by all {count} live workers after {seconds:.2f} s."


def _acks_text(shown: dict[str, Any]) -> str:
    lines = [f"Version {shown['version']} is in force."]
    for worker in shown["workers"]:
        state = "live" if worker["live"] else "gone"
        lines.append(
            f"  {worker['worker']:<40} version {worker['version']:<6} {state}, seen {worker['age_s']} s ago"
        )
    if not shown["workers"]:
        lines.append("No worker has reported.")
    return "\n".join(lines)
