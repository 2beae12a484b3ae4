"""``manage.py flags``: what engineers read and type."""

import json
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments import flags
from assignments.engine.flags import Mode
from assignments.flags import acknowledgements, services
from assignments.flags.poller import Poller
from assignments.models import FlagChange, FlagOverride
from bookings.models import Restaurant
from tests.factories import RestaurantFactory, receive, serving_restaurant
from tests.integration.assignments.flags.changes import CAUSE

pytestmark = pytest.mark.django_db


@pytest.fixture
def restaurant() -> Restaurant:
    made: Restaurant = RestaurantFactory(slug="harbour")
    return made


def run(*words: str) -> str:
    out = StringIO()
    call_command("flags", *words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*words, "--json"))
    return answer


def refusal(*words: str) -> str:
    with pytest.raises(CommandError) as refused:
        run(*words)
    return str(refused.value)


def test_a_fresh_database_shows_everything_off(restaurant: Restaurant) -> None:
    shown = run("show", "--restaurant", "harbour")
    assert "Version 0\n" in shown
    assert "v3: 0.00 % of the restaurants\n" in shown
    assert "shadow: off\n" in shown
    assert "max_parallel: 3\n" in shown
    assert f"restaurant {restaurant.pk}: disabled (v3 off by off, shadow off by off)" in shown


def test_flags_are_set_with_a_reason_and_shown_with_their_source(restaurant: Restaurant) -> None:
    assert run("set", "v3", "on", "--reason", "rollout done").startswith("Changed; version 1 is in force.")
    assert run_json("set", "shadow", "on", "--reason", "compare")["version"] == 2
    assert run_json("set", "max_parallel", "5", "--reason", "calm")["changed"]
    assert "Nothing to change" in run("set", "max_parallel", "5", "--reason", "again")
    shown = run_json("show", "--restaurant", "harbour", "--booking", "1")
    assert (shown["version"], shown["killed"], shown["shadow"], shown["max_parallel"]) == (3, False, True, 5)
    assert shown["v3"] == {"percentage": "100.00", "label": "v1", "restaurants": [restaurant.pk]}
    assert shown["restaurant"]["mode"] == "active"
    assert (shown["restaurant"]["v3_source"], shown["restaurant"]["max_parallel"]) == ("cohort", 5)
    assert [change["reason"] for change in shown["last_changes"]] == ["calm", "compare", "rollout done"]
    assert "change 3: max_parallel from 3 to 5 by shell:" in run("show")


def test_a_cohort_is_frozen_under_a_label() -> None:
    RestaurantFactory.create_batch(4)
    run("set", "v3", "50%", "--label", "staging_50", "--reason", "a phase", "--by", "olga")
    assert run_json("show")["v3"]["label"] == "staging_50"
    assert FlagChange.objects.get().author == "olga"


def test_overrides_are_set_for_a_while_and_cleared(restaurant: Restaurant) -> None:
    run("override", "harbour", "25", "--hours", "2", "--reason", "try it")
    override = FlagOverride.objects.get()
    assert (str(override.percentage), override.flag) == ("25.00", "v3")
    assert override.expires_at is not None
    assert f"override: v3 of restaurant {restaurant.pk} at 25.00 %, until " in run("show")
    run(
        "override",
        str(restaurant.pk),
        "on",
        "--flag",
        "shadow",
        "--until",
        (timezone.now() + timedelta(days=1)).isoformat(),
        "--reason",
        "x",
    )
    run("override", "harbour", "clear", "--reason", "tried")
    assert [override.flag for override in FlagOverride.objects.all()] == ["shadow"]
    assert flags.current().mode(restaurant.pk, 1) is Mode.SHADOW


def test_pins_are_shown_and_refuse_to_be_edited(restaurant: Restaurant, settings: Any) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = False
    assert "v3: false, pinned by FEATURE_ASSIGNMENT_PIPELINE_V3 (the database says 0.00 %" in run("show")
    assert "FEATURE_ASSIGNMENT_PIPELINE_V3" in refusal("set", "v3", "on", "--reason", "now")
    assert "Changed" in run("kill")


def test_a_kill_is_shown_first_and_taken_back(restaurant: Restaurant) -> None:
    run("set", "v3", "on", "--reason", "all")
    run("kill", "--reason", "errors rise")
    assert "KILLED: every booking goes to the legacy planner" in run("show", "--restaurant", "harbour")
    assert flags.current().mode(restaurant.pk, 1) is Mode.DISABLED
    run("revive", "--reason", "mended")
    assert flags.current().mode(restaurant.pk, 1) is Mode.ACTIVE


def test_a_kill_waits_for_all_live_workers_and_tells_how_long_it_took() -> None:
    poller = Poller()
    poller.round()
    services.kill(**CAUSE)
    poller.round()
    assert "Version 1 is acknowledged by all 1 live workers after 0." in run("kill", "--wait")
    told = run_json("kill", "--wait")
    assert (told["version"], told["acknowledged"], told["missing"]) == (1, [poller.worker], [])
    assert 0 <= told["took_s"] < 2


def test_a_kill_that_a_live_worker_does_not_acknowledge_ends_with_status_1() -> None:
    acknowledgements.register("stubborn")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("flags", "kill", "--wait", "--timeout", "0.2", stdout=out)
    assert ended.value.code == 1
    assert "in force, but not acknowledged by stubborn" in out.getvalue()


def test_a_kill_without_workers_says_so() -> None:
    assert "No worker is running" in run("kill", "--wait")


def test_acknowledgements_are_listed_and_a_worker_behind_is_status_1() -> None:
    assert "No worker has reported" in run("acks")
    poller = Poller()
    poller.round()
    assert f"{poller.worker}" in run("acks")
    services.kill(**CAUSE)
    with pytest.raises(SystemExit) as ended:
        run("acks")
    assert ended.value.code == 1
    poller.round()
    (worker,) = run_json("acks")["workers"]
    assert (worker["worker"], worker["version"], worker["live"], worker["pins"]) == (
        poller.worker,
        1,
        True,
        {},
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("set", "v3", "many"), "'many' is no percentage"),
        (("set", "v3", "150"), "150 % is refused: give 0 to 100"),
        (("set", "shadow", "perhaps"), "'perhaps' is neither on nor off"),
        (("set", "max_parallel", "x"), "'x' is no number of runs: give 1 to 10"),
        (("set", "max_parallel", "11"), "11 runs at once are refused"),
        (("set", "shadow", "on", "--label", "a"), "--label names a cohort of v3"),
        (("override", "nowhere", "on"), "there is no restaurant 'nowhere'"),
        (("override", "harbour", "on", "--hours", "1", "--until", "2999-01-01"), "not both"),
        (("override", "harbour", "on", "--until", "2999-01-01T00:00"), "no time with an offset"),
        (("override", "harbour", "on", "--until", "2999-99-01T00:00+00:00"), "no time with an offset"),
        (("override", "harbour", "on", "--hours=-1"), "'-1' is no number of hours from 0 to 8760"),
        (("override", "harbour", "on", "--hours", "nan"), "'nan' is no number of hours from 0 to 8760"),
        (("override", "harbour", "on", "--hours", "1e9"), "'1e9' is no number of hours from 0 to 8760"),
        (("override", "harbour", "on", "--hours", "0"), "has expired"),
        (
            ("override", "harbour", "off", "--until", "9999-12-31T23:59:59-12:00"),
            "name a time within five years",
        ),
        (("override", "9" * 5_000, "on"), "there is no restaurant"),
        (("override", "caf\udce9", "on"), "there is no restaurant 'caf?'"),
        (("set", "max_parallel", "9" * 5_000), "is no number of runs"),
        (("set", "v3", "99." + "9" * 40), "is finer than one bucket"),
        (("set", "v3", "20", "--label", "v3"), "'v3' is what a cohort without a label may be called"),
        (("kill", "--wait", "--timeout", "nan"), "'nan' is no number of seconds"),
        (("kill", "--wait", "--timeout", "1e300"), "'1e300' is no number of seconds"),
    ],
)
def test_bad_words_are_refused_with_the_way_out(
    words: tuple[str, ...], why: str, restaurant: Restaurant
) -> None:
    assert why in refusal(*words, "--reason", "a test")
    assert FlagChange.objects.count() == 0


def test_a_kill_never_fails_on_the_words_of_its_reason() -> None:
    """A shell of another encoding hands over bytes that are no text."""
    assert "Changed; version 1" in run("kill", "--reason", "caf\udce9 closed", "--by", "ren\udce9")
    change = FlagChange.objects.get()
    assert (change.reason, change.author) == ("caf? closed", "ren?")


def test_a_worker_that_started_after_the_kill_does_not_lengthen_its_way() -> None:
    services.kill(**CAUSE)
    time.sleep(0.3)
    Poller().round()
    assert "acknowledged by all 1 live workers after 0.00 s" in run("kill", "--wait")


def test_a_number_that_is_also_a_short_name_is_not_guessed_at(restaurant: Restaurant) -> None:
    other = RestaurantFactory(slug=str(restaurant.pk), name="Seven")
    assert run("override", "harbour", "on", "--reason", "a test").startswith("Changed")
    told = refusal("override", str(restaurant.pk), "off", "--reason", "a test")
    assert f"give harbour for {restaurant.name} or {other.pk} for Seven" in told


def test_a_booking_is_explained_with_its_restaurant_only() -> None:
    assert "--booking needs --restaurant" in refusal("show", "--booking", "1")


def test_a_booking_is_explained_by_its_number_or_its_reference(restaurant: Restaurant) -> None:
    run("set", "v3", "on", "--reason", "rollout done")
    booking = receive(serving_restaurant(2, slug="pier"))
    by_number, by_reference = (
        run("show", "--restaurant", "pier", "--booking", given)
        for given in (str(booking.pk), booking.reference.lower())
    )
    assert by_number == by_reference
    told = refusal("show", "--restaurant", "harbour", "--booking", booking.reference)
    assert f"has no booking '{booking.reference}'" in told
