"""The mutants: what is removed, and the tests that must notice."""

from dataclasses import dataclass

INTEGRATION = "tests/integration"
REFUSALS = f"{INTEGRATION}/bookings/test_outbox_refusals.py"
ASSIGNMENTS = f"{INTEGRATION}/assignments"
MEANWHILE = f"{ASSIGNMENTS}/coordinator/test_meanwhile.py"
FENCE = f"{ASSIGNMENTS}/shadow/test_fence.py"
FLAG_RACES = f"{ASSIGNMENTS}/flags/test_races.py"
SWEEPER = f"{ASSIGNMENTS}/test_sweeper.py"
CONSTRAINTS = f"{INTEGRATION}/bookings/test_constraints.py::test_the_database_refuses_a_row_that_breaks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """`old` stands once in `file` and is replaced by `new`; at least one of `tests` must then fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        name="exclusion constraint",
        file="bookings/migrations/0001_initial.py",
        old="ExclusionConstraint(condition=models.Q(('active', True)), ",
        new="ExclusionConstraint(condition=models.Q(('active', True), ('id', -1)), ",
        tests=(
            f"{CONSTRAINTS}[allocations_never_overlap]",
            f"{MEANWHILE}::test_tables_lost_to_another_booking_mean_a_new_plan_in_the_same_attempt",
        ),
    ),
    Mutant(
        name="history uniqueness",
        file="bookings/migrations/0001_initial.py",
        old="models.UniqueConstraint(fields=('booking', 'version'), name='state_history_version_unique'), ",
        new="",
        tests=(f"{CONSTRAINTS}[state_history_version_unique]",),
    ),
    Mutant(
        name="outbox uniqueness",
        file="bookings/migrations/0001_initial.py",
        old="models.UniqueConstraint(fields=('booking', 'kind', 'revision'), name='outbox_once'), ",
        new="",
        tests=(f"{CONSTRAINTS}[outbox_once]",),
    ),
    Mutant(
        name="append-only history",
        file="observability/migrations/sql/append_only.sql",
        old="    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP\n"
        "        USING ERRCODE = 'restrict_violation',\n"
        "              HINT = 'Write a new row that corrects the old one.';\n",
        new="    RETURN NEW;\n",
        tests=(
            f"{INTEGRATION}/observability/test_append_only.py::test_append_only_tables_refuse_every_change",
        ),
    ),
    Mutant(
        name="compare-and-swap",
        file="bookings/state_machine.py",
        old="AND assignment_state = %(from_state)s\n      AND assignment_state_version = %(from_version)s",
        new="AND %(from_state)s <> '' AND %(from_version)s > 0",
        tests=(f"{MEANWHILE}::test_a_booking_cancelled_while_it_is_placed_stays_cancelled",),
    ),
    Mutant(
        name="fence of the lease",
        file="assignments/protection/permits.py",
        old="AND token = %(token)s AND lease_until > clock_timestamp()",
        new="AND token = %(token)s",
        tests=(f"{MEANWHILE}::test_a_run_whose_lease_lapsed_writes_nothing",),
    ),
    Mutant(
        name="permit",
        file="assignments/protection/permits.py",
        old="AND live.runs < %(limit)s\n      AND (number <= %(limit)s OR booking_id = %(booking)s)",
        new="AND %(limit)s > 0",
        tests=(f"{ASSIGNMENTS}/test_permits.py::test_as_many_permits_are_given_as_the_limit_allows",),
    ),
    Mutant(
        name="sweeper of lost runs",
        file="assignments/sweeper.py",
        old="for pk in _without_live_lease()]",
        new="for pk in _without_live_lease(-1)]",
        tests=(f"{SWEEPER}::test_a_lost_run_is_recorded_and_the_booking_starts_again",),
    ),
    Mutant(
        name="sweeper's look at the lease",
        file="assignments/sweeper.py",
        old="if booking is None or booking.pk not in _without_live_lease(booking.pk):",
        new="if booking is None:",
        tests=(f"{SWEEPER}::test_a_live_run_is_left_alone",),
    ),
    Mutant(
        name="shadow's read-only transaction",
        file="assignments/read_only.py",
        old="SET TRANSACTION READ ONLY",
        new="SELECT 1",
        tests=(f"{FENCE}::test_what_is_planned_in_a_read_only_transaction_is_never_committed",),
    ),
    Mutant(
        name="shadow's write fence",
        file="assignments/shadow/fence.py",
        old="        raise ShadowWriteError(",
        new="        str(",
        tests=(f"{FENCE}::test_any_other_statement_is_refused_before_it_reaches_the_database",),
    ),
    Mutant(
        name="one probe of the circuit",
        file="assignments/protection/breaker.lua",
        old="'until', now + lease, 'probe', token",
        new="'until', now, 'probe', token",
        tests=(f"{ASSIGNMENTS}/test_breaker.py::test_exactly_one_of_eight_processes_may_probe",),
    ),
    Mutant(
        name="lock of a booking",
        file="assignments/protection/locks.py",
        old="    held = _acquire(key, token)\n",
        new="    held = _acquire(key, token) or True\n",
        tests=(f"{MEANWHILE}::test_a_second_delivery_while_the_first_holds_the_lock_does_nothing",),
    ),
    Mutant(
        name="look at withdrawn tables",
        file="bookings/allocations.py",
        old="FROM table_blocks block WHERE block.table_id = t.id",
        new="FROM table_blocks block WHERE false",
        tests=(f"{MEANWHILE}::test_a_table_withdrawn_between_plan_and_commit_is_not_given",),
    ),
    Mutant(
        name="refusal of older flags",
        file="assignments/flags/cache.py",
        old="            if held is not None and snapshot.version < held.version",
        new="            if held is None and snapshot.version < -1",
        tests=(f"{FLAG_RACES}::test_an_old_answer_that_arrives_late_does_not_replace_the_new_one",),
    ),
    Mutant(
        name="claim of a mail",
        file="bookings/outbox/delivery.py",
        old="UPDATE outbox_messages SET status = 'inflight', claimed_at",
        new="UPDATE outbox_messages SET status = 'pending', claimed_at",
        tests=(f"{INTEGRATION}/bookings/test_outbox.py::test_eight_senders_of_one_mail_send_it_once",),
    ),
    Mutant(
        name="fence of a mail's sender",
        file="bookings/outbox/delivery.py",
        old=" AND claimed_at = %(claimed_at)s RETURNING",
        new=" RETURNING",
        tests=(f"{REFUSALS}::test_a_sender_that_comes_back_does_not_settle_what_another_is_sending",),
    ),
    Mutant(
        name="date of a task that comes back",
        file="assignments/coordinator/run.py",
        old="seen.update(next_attempt_at=Now() + delay)",
        new="seen.exists()",
        tests=(f"{SWEEPER}::test_a_booking_whose_task_comes_back_again_and_again_gets_no_second_one",),
    ),
)
