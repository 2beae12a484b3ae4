"""The rehearsal itself: each phase is lived through until its gates pass, signed, its evidence written."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from assignments.engine import evidence
from assignments.engine.gates.rules import Verdict
from assignments.engine.gates.verdicts import overall
from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import Decision, Incident, LeftHow, Phase, SignOff, SignOffEnd, Snapshot
from assignments.rollout import checklists, guard, incidents, phases, policies, rights, signoffs
from assignments.rollout.evidence import bundle
from assignments.rollout.gates import looking
from config.rehearsal.people import Cast
from config.rehearsal.regression import regression
from config.rehearsal.traffic import Traffic

#: Gates that hold the machine against itself: on one that somebody else works on too they tell of that.
NOT_REHEARSED = ("database_latency", "intake_latency")

#: A phase that has not passed after so many days never will.
MOST_DAYS = 21

#: What part of its demand a restaurant gets, by phase: where V3 has it, and where it has not.
DEMAND = {
    PhaseKey.LOCAL_TEST: (0.03, 0.03),
    PhaseKey.STAGING_SHADOW: (0.27, 0.27),
    PhaseKey.STAGING_FULL: (0.15, 0.15),
    PhaseKey.PRODUCTION_SHADOW: (0.27, 0.27),
    PhaseKey.PRODUCTION_10: (1.0, 0.03),
    PhaseKey.PRODUCTION_50: (0.5, 0.03),
    PhaseKey.PRODUCTION_100: (0.06, 0.06),
    PhaseKey.LEGACY_CLEANUP: (0.02, 0.02),
}

#: The phase that goes wrong the first time.
GOES_WRONG = PhaseKey.PRODUCTION_10


class RehearsalError(RuntimeError):
    """The rollout did not go as it should; the text says where and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One stay as it went: bookings taken in it, how it ended, and where its evidence lies."""

    number: int
    key: str
    days: int
    bookings: int
    ended: str
    verdict: str
    evidence: Path


@dataclass(kw_only=True, slots=True)
class Rehearsal:
    """A rollout under way, with its people, its traffic and where its evidence goes."""

    cast: Cast
    traffic: Traffic
    out: Path
    tell: Callable[[str], None]
    acts: list[Act] = field(default_factory=list)
    went_wrong: bool = False

    def run(self) -> Sequence[Act]:
        """From the first phase to the end. Raises RehearsalError if anything goes another way."""
        self._leave_out_what_is_not_rehearsed()
        proposer = rights.author_of(self.cast.proposer)
        phase: Phase | None = phases.enter_first(PhaseKey.LOCAL_TEST, by=proposer, now=self.traffic.now)
        while phase is not None:
            phase = self.live_through(phase)
        return self.acts

    def _leave_out_what_is_not_rehearsed(self) -> None:
        editor = rights.author_of(self.cast.editor)
        for key in PhaseKey:
            demanded = policies.demanded(policies.current(key, now=self.traffic.now))
            gates = [gate for gate in demanded.gates if gate.key not in NOT_REHEARSED]
            if len(gates) < len(demanded.gates):
                why = "A rehearsal shares its machine, so times are not held against a baseline."
                policies.edit(key, gates, reason=why, by=editor, now=self.traffic.now)

    def live_through(self, phase: Phase) -> Phase | None:
        """One stay: days go by until it can go on or was taken back. The stay after it, if there is one."""
        before, entered = self.traffic.taken, self.traffic.now
        self.tell(f"{phase.get_key_display()}: entered {entered:%a %d %b}")
        if phase.key == GOES_WRONG and not self.went_wrong:
            self.went_wrong = True
            with regression():
                self._days(phase)
            self._refuse_unless_taken_back(phase)
            self._explain_incidents(phase)
        else:
            self._days(phase)
            self._go_on(phase)
        phase.refresh_from_db()
        days = -(-(self.traffic.now - entered) // timedelta(days=1))
        self._write_down(phase, days=days, bookings=self.traffic.taken - before)
        following = phases.current()
        return None if following is None or following == phase else following

    def _days(self, phase: Phase) -> None:
        """Let days go by until every gate passes, or the guard takes the phase back."""
        for _ in range(MOST_DAYS):
            if not self.traffic.day(shares=self._shares(phase), look=self._still_there(phase)):
                return
            if self._passes(phase):
                return
        found = looking.evaluate(phase, now=self.traffic.now)
        held = [result.sentence for result in found.results.values() if result.verdict is not Verdict.PASS]
        raise RehearsalError(f"{phase} does not pass after {MOST_DAYS} days: {' '.join(held)}")

    def _shares(self, phase: Phase) -> dict[int, float]:
        on_v3, elsewhere = DEMAND[PhaseKey(phase.key)]
        members = set(phase.cohort.restaurants) if phase.cohort else set()
        ids = [house.restaurant.pk for house in self.traffic.houses]
        return {pk: on_v3 if pk in members else elsewhere for pk in ids}

    def _still_there(self, phase: Phase) -> Callable[[datetime], bool]:
        def look(now: datetime) -> bool:
            rolled = guard.watch(now=now)
            if rolled is not None:
                self.tell(f"  guard: {rolled.incident.detail}")
                return False
            looking.take_if_due(now=now)
            return phases.current() == phase

        return look

    def _passes(self, phase: Phase) -> bool:
        if not PHASES[PhaseKey(phase.key)].signers:
            return True
        newest = phase.snapshots.filter(look__gt=0).order_by("-look").first()
        return newest is not None and _verdict(newest) is Verdict.PASS

    def _go_on(self, phase: Phase) -> None:
        """Tick the list, propose, have everybody sign. A phase that nobody signs is gone on from by hand."""
        now = self.traffic.now
        key = PhaseKey(phase.key)
        if not PHASES[key].signers:
            following = phases.next_of(phase)
            if following is not None:
                phases.enter(following, by=rights.author_of(self.cast.proposer), now=now)
            return
        for item in checklists.items_of(key):
            checklists.tick(phase=phase, item=item.key, user=self.cast.proposer, now=now)
        sign_off = signoffs.propose(
            phase=phase,
            snapshot=looking.take(phase, now),
            decision=Decision.PROCEED,
            reason="Every gate passes.",
            by=self.cast.proposer,
            now=now,
        )
        self._signed_by_all(sign_off, key, now)

    def _signed_by_all(self, sign_off: SignOff, key: PhaseKey, now: datetime) -> None:
        for role in sorted(PHASES[key].signers):
            sign_off = signoffs.sign(
                sign_off,
                role=role,
                user=self.cast.signers[role],
                approves=True,
                digest=sign_off.digest,
                reauthenticated=True,
                now=now,
                look=looking.take,
            )
            self.tell(f"  signed by the {role}")
        if sign_off.ended != SignOffEnd.DECIDED:
            raise RehearsalError(f"{sign_off} ended {sign_off.ended}: {sign_off.ended_why}")

    def _refuse_unless_taken_back(self, phase: Phase) -> None:
        phase.refresh_from_db()
        if phase.left_how != LeftHow.ROLLED_BACK:
            raise RehearsalError(f"The guard did not notice the regression in {phase}.")

    def _explain_incidents(self, phase: Phase) -> None:
        for incident in Incident.objects.filter(phase=phase, closed_at__isnull=True):
            why = "The change that broke V3 was taken back."
            incidents.close(incident, resolution=why, user=self.cast.proposer, now=self.traffic.now)

    def _write_down(self, phase: Phase, *, days: int, bookings: int) -> None:
        """Write the evidence and check it at once."""
        file = io.BytesIO()
        written = bundle.write(phase, file, by=rights.author_of(self.cast.proposer), now=self.traffic.now)
        path = self.out / written.name
        path.write_bytes(file.getvalue())
        found = evidence.verify(file.getvalue(), chain_head=written.chain_head)
        if not found.holds:
            raise RehearsalError(f"{path}: {'; '.join(map(str, found.faults))}")
        act = Act(
            number=phase.number,
            key=phase.key,
            days=days,
            bookings=bookings,
            ended=phase.left_how or "stays",
            verdict=found.verdict,
            evidence=path,
        )
        self.acts.append(act)
        self.tell(f"  {act.ended} after {days} days and {bookings} bookings, evidence holds")


def _verdict(snapshot: Snapshot) -> Verdict:
    return overall(looking.results_of(snapshot).values())
