"""Resolutions: what was shown is what is done, by one person, once; and it can be taken back for 10 s."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from assignments.models import Resolution
from assignments.review import best_fixes, resolutions, undo, waiting
from assignments.review.claims import CaseClosedError, CaseError, NotClaimedError, take_over
from assignments.review.fixes import Fix, FixKind, fixes_for
from assignments.review.resolutions import ConflictError, OverrideRefusedError, apply_fix
from bookings import state_machine
from bookings.allocations import held_tables, release
from bookings.cancellation import cancel
from bookings.models import Booking, BookingMove, BookingStatus, OutboxMessage, Restaurant
from bookings.states import State
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.review.scenes import (
    agent,
    case_of,
    claimed,
    let_claim_expire,
    let_window_pass,
    placed,
)
from tests.invariants import breaches
from tests.processes import in_parallel

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    """One table for two, taken at 19:00."""
    restaurant = serving_restaurant(2)
    placed(restaurant, guest_name="First")
    return restaurant


@pytest.fixture
def waiting_party(house: Restaurant) -> Booking:
    booking = placed(house, guest_name="Second")
    assert booking.assignment_state == State.MANUAL_REVIEW
    return booking


def fix_of(booking: Booking, kind: FixKind) -> Fix:
    return next(fix for fix in fixes_for(booking=booking, now=NOW) if fix.kind is kind)


def seat(booking: Booking, user: User, kind: FixKind = FixKind.SHIFT, reason: str = "") -> Resolution:
    case = claimed(booking, user)
    key = fix_of(booking, kind).key
    return apply_fix(case_id=case.pk, key=key, user=user, now=NOW, override_reason=reason)


def take_back_to_review(booking: Booking) -> None:
    release(booking=booking)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[state_machine.Step(to=State.MANUAL_REVIEW, reason="staff")],
        at=NOW,
        changes={"status": BookingStatus.PENDING},
    )
    booking.refresh_from_db()


def test_a_fix_seats_confirms_and_promises_the_mail_after_the_undo_window(waiting_party: Booking) -> None:
    # The only table is free again 90 minutes and the buffer after 19:00, beyond the shifts on offer.
    first = Booking.objects.get(guest_name="First")
    Booking.objects.filter(pk=first.pk).update(status="confirmed")
    cancel(booking_id=first.pk, now=NOW)
    resolution = seat(waiting_party, agent(), FixKind.SEAT)
    waiting_party.refresh_from_db()
    assert (waiting_party.assignment_state, waiting_party.status) == ("confirmed", "confirmed")
    assert len(held_tables(waiting_party)) == 1
    mail = OutboxMessage.objects.get(booking=waiting_party, kind="confirmation")
    assert timedelta(seconds=9) < mail.due_at - mail.created_at <= timedelta(seconds=10)
    assert (resolution.fix, resolution.rank) == ("seat", 1)
    assert Event.objects.filter(event_type="case.resolved", booking_id=waiting_party.pk).count() == 1
    assert LogEntry.objects.get(object_id=str(waiting_party.pk)).change_message.startswith("Review: seated")
    assert breaches(unfinished=True) == {}


def test_a_shift_changes_the_booking_and_undo_brings_everything_back(house: Restaurant) -> None:
    early = placed(house, guest_name="Early", start=dinner(17, 45))
    before = (early.start_at, early.end_at)
    ada = agent()
    resolution = seat(early, ada)
    early.refresh_from_db()
    assert early.start_at != before[0]
    assert early.assignment_state == State.CONFIRMED

    case = undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    early.refresh_from_db()
    assert (early.start_at, early.end_at) == before
    assert (early.assignment_state, early.status) == ("manual_review", "pending")
    assert held_tables(early) == ()
    assert case.owner == ada
    assert case.opened_at == resolution.case.opened_at
    assert OutboxMessage.objects.get(booking=early, kind="confirmation").status == "void"
    assert breaches(unfinished=True) == {}


def test_undo_is_for_ten_seconds_and_for_who_did_it(waiting_party: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting_party, ada)
    resolution = resolutions.reject(case_id=case.pk, user=ada, now=NOW)
    with pytest.raises(undo.TooLateError):
        undo.undo(resolution_id=resolution.pk, user=ben, now=NOW)
    let_window_pass(resolution)
    with pytest.raises(undo.TooLateError):
        undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    waiting_party.refresh_from_db()
    assert waiting_party.status == "cancelled"


def test_a_mail_that_went_out_long_before_is_no_reason_against_undo() -> None:
    booking, ada = placed(serving_restaurant(2)), agent()
    long_ago = timezone.now() - timedelta(days=1)
    OutboxMessage.objects.update(status="sent", due_at=long_ago, sent_at=long_ago)
    take_back_to_review(booking)
    resolution = seat(booking, ada, FixKind.SEAT)
    undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    booking.refresh_from_db()
    assert (booking.assignment_state, booking.status) == ("manual_review", "pending")


def test_a_rejection_mails_the_guest_and_can_be_undone(waiting_party: Booking) -> None:
    ada = agent()
    case = claimed(waiting_party, ada)
    resolution = resolutions.reject(case_id=case.pk, user=ada, now=NOW)
    assert OutboxMessage.objects.get(booking=waiting_party, kind="declined").status == "pending"
    undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    waiting_party.refresh_from_db()
    assert (waiting_party.assignment_state, waiting_party.status) == ("manual_review", "pending")
    assert OutboxMessage.objects.get(booking=waiting_party, kind="declined").status == "void"
    with pytest.raises(undo.TooLateError):
        undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    assert breaches(unfinished=True) == {}


def test_what_happened_since_makes_undo_too_late(waiting_party: Booking) -> None:
    ada = agent()
    cancel(booking_id=Booking.objects.get(guest_name="First").pk, now=NOW)
    resolution = seat(waiting_party, ada, FixKind.SEAT)
    cancel(booking_id=waiting_party.pk, now=NOW)
    with pytest.raises(undo.TooLateError, match="has moved on"):
        undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)


def test_a_move_that_made_room_is_undone_with_it() -> None:
    """Three tables in a row; two singles sit so that four fit nowhere, until one of them moves."""
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant, guest_name="Small")
    large = restaurant.tables.get(capacity=4)
    Booking.objects.filter(pk=small.pk).update(locked=True)
    restaurant.tables.filter(capacity=2).update(active=False)
    small.restaurant.refresh_from_db()
    small = _process(small)
    assert held_tables(small) == (large.pk,)
    restaurant.tables.filter(capacity=2).update(active=True)
    party = placed(restaurant, party_size=4)
    assert party.assignment_state == State.MANUAL_REVIEW
    Booking.objects.filter(pk=small.pk).update(locked=False)

    ada = agent()
    resolution = seat(party, ada, FixKind.MOVE)
    assert held_tables(small) != (large.pk,)
    assert held_tables(party) == (large.pk,)
    undo.undo(resolution_id=resolution.pk, user=ada, now=NOW)
    assert held_tables(small) == (large.pk,)
    assert held_tables(party) == ()
    assert [move.actor for move in BookingMove.objects.filter(booking=small)] == [ada, ada]
    assert breaches(unfinished=True) == {}


def _process(booking: Booking) -> Booking:
    from assignments.coordinator import process_booking
    from tests.integration.assignments.review.scenes import EDGE

    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    booking.refresh_from_db()
    return booking


def test_a_fix_that_is_gone_is_a_conflict_with_the_present_fixes(house: Restaurant) -> None:
    early = placed(house, guest_name="Early", start=dinner(17, 45))
    ada = agent()
    case = claimed(early, ada)
    shown = fix_of(early, FixKind.SHIFT)
    placed(house, guest_name="Faster", start=shown.wish.start)
    with pytest.raises(ConflictError) as conflict:
        apply_fix(case_id=case.pk, key=shown.key, user=ada, now=NOW)
    assert shown.key not in {fix.key for fix in conflict.value.fixes}
    assert case_of(early).owner == ada, "nothing was saved"
    assert breaches(unfinished=True) == {}


def test_who_lost_the_claim_resolves_nothing(waiting_party: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting_party, ada)
    take_over(case_id=case.pk, user=ben, now=NOW)
    for act in (resolutions.requeue, resolutions.reject):
        with pytest.raises(NotClaimedError, match="ben works on"):
            act(case_id=case.pk, user=ada, now=NOW)
    let_claim_expire(case)
    with pytest.raises(NotClaimedError):
        resolutions.reject(case_id=case.pk, user=ben, now=NOW)


def test_a_second_click_finds_the_case_closed(waiting_party: Booking) -> None:
    ada = agent()
    case = claimed(waiting_party, ada)
    resolutions.requeue(case_id=case.pk, user=ada, now=NOW)
    with pytest.raises(CaseClosedError):
        resolutions.requeue(case_id=case.pk, user=ada, now=NOW)
    with pytest.raises(CaseClosedError):
        apply_fix(case_id=case.pk, key="nothing", user=ada, now=NOW)


def test_requeueing_has_the_booking_planned_again(waiting_party: Booking) -> None:
    ada = agent()
    OrmQ.objects.all().delete()
    resolutions.requeue(case_id=claimed(waiting_party, ada).pk, user=ada, now=NOW)
    waiting_party.refresh_from_db()
    assert waiting_party.assignment_state == State.ASSIGNMENT_PENDING
    assert [row.task["args"][0] for row in OrmQ.objects.all()] == [waiting_party.pk]
    assert breaches(unfinished=True) == {}


def test_an_override_needs_the_right_and_a_reason() -> None:
    booking = placed(serving_restaurant(8), party_size=2)
    assert booking.assignment_state == State.MANUAL_REVIEW, "six seats would stay empty"
    ada, lead = agent("ada"), agent("lead", "override_review")
    case = claimed(booking, ada)
    key = fix_of(booking, FixKind.OVERRIDE).key
    with pytest.raises(OverrideRefusedError, match="right to override"):
        apply_fix(case_id=case.pk, key=key, user=ada, now=NOW, override_reason="regulars")
    take_over(case_id=case.pk, user=lead, now=NOW)
    with pytest.raises(OverrideRefusedError, match="Say why"):
        apply_fix(case_id=case.pk, key=key, user=lead, now=NOW, override_reason=" ")
    resolution = apply_fix(case_id=case.pk, key=key, user=lead, now=NOW, override_reason="regulars")
    assert resolution.override_reason == "regulars"
    assert breaches(unfinished=True) == {}


def test_fixes_are_few_varied_and_the_same_each_time(house: Restaurant) -> None:
    booking = placed(house, start=dinner(18), party_size=2)
    fixes = fixes_for(booking=booking, now=NOW)
    assert 1 <= len(fixes) <= 5
    assert [fix.cost for fix in fixes] == sorted(fix.cost for fix in fixes)
    assert fixes == fixes_for(booking=booking, now=NOW)
    assert len({fix.key for fix in fixes}) == len(fixes)


def test_a_case_is_put_aside_for_a_reason_and_never_past_its_last_moment(waiting_party: Booking) -> None:
    ada = agent()
    case = claimed(waiting_party, ada)
    with pytest.raises(CaseError, match="Write a reason"):
        waiting.snooze(case_id=case.pk, user=ada, until=NOW + timedelta(hours=1), reason=" ", now=NOW)
    with pytest.raises(CaseError, match="60 minutes before"):
        waiting.snooze(case_id=case.pk, user=ada, until=waiting_party.start_at, reason="asked", now=NOW)
    with pytest.raises(CaseError, match="has passed"):
        waiting.snooze(case_id=case.pk, user=ada, until=NOW, reason="asked", now=NOW)
    aside = waiting.snooze(
        case_id=case.pk, user=ada, until=NOW + timedelta(hours=1), reason="guest calls back", now=NOW
    )
    assert aside.owner is None
    waiting.wake(case_id=case.pk, user=ada, now=NOW)
    assert case_of(waiting_party).snoozed_until is None


def test_notes_say_something(waiting_party: Booking) -> None:
    ada, case = agent(), case_of(waiting_party)
    for text in ("", "  ", "\x00", "x" * 2001):
        with pytest.raises(CaseError):
            waiting.note(case_id=case.pk, user=ada, text=text, now=NOW)
    waiting.note(case_id=case.pk, user=ada, text="Called, will try at eight.", now=NOW)
    assert case.notes.get().author == ada
    assert not Event.objects.filter(context__icontains="eight").exists()


def test_open_cases_get_their_fixes_from_a_worker_and_keep_them(house: Restaurant) -> None:
    booking = receive(house, start=dinner(20), now=NOW)
    case = case_of(placed(house, start=dinner(18)))
    OrmQ.objects.all().delete()
    assert best_fixes.ask_for_fixes() == 1
    assert best_fixes.ask_for_fixes() == 0, "asked already"
    (row,) = OrmQ.objects.all()
    assert row.task["args"] == (case.pk,)
    best_fixes.find_fixes(case_id=case.pk, now=NOW)
    case.refresh_from_db()
    assert case.fixes
    assert case.fixes[0]["key"] == fixes_for(booking=case.booking, now=NOW)[0].key
    assert booking.assignment_state == State.CREATED


def _reject(case_id: int, user_id: int) -> str:
    try:
        resolutions.reject(case_id=case_id, user=User.objects.get(pk=user_id), now=NOW)
    except CaseError as refusal:
        return type(refusal).__name__
    return "done"


def test_of_many_clicks_at_once_one_counts(committed_db: None) -> None:
    ada = agent()
    case = claimed(placed(serving_restaurant(2), party_size=6), ada)
    outcomes = in_parallel(_reject, [(case.pk, ada.pk)] * 6)
    assert sorted(outcomes) == ["CaseClosedError"] * 5 + ["done"]
    assert Resolution.objects.count() == 1
