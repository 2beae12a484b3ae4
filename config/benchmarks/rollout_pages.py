"""The rollout's pages over a phase of as many bookings as a day brings: what has to be there to show.

Such a phase is measured by the workers and shown from what they kept (`gates.pictures`), so that the first
of its requests stands for what a worker does, and the others for what a reader waits.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.urls import reverse

from assignments.benchmarks.figures import Figure
from assignments.engine.phases import PhaseKey, Role
from assignments.flags.authors import Author
from assignments.models import Decision, Phase, SignOff
from assignments.rollout import phases, signoffs
from assignments.rollout.gates import looking

MOST_MS = 150.0

#: A little over the minimum of the phase.
LASTED = timedelta(hours=26)

_AUTHOR = Author(name="benchmark")


def under_way(now: datetime) -> tuple[Phase, SignOff, Figure]:
    """Half of the restaurants on V3 since yesterday, an open sign-off, and what one look took."""
    began = now - LASTED
    phases.enter_first(PhaseKey.PRODUCTION_10, by=_AUTHOR, now=began - LASTED)
    phase = phases.enter(PhaseKey.PRODUCTION_50, by=_AUTHOR, now=began)
    started = time.perf_counter()
    snapshot = looking.take(phase, now)
    took = time.perf_counter() - started
    user = User.objects.create(username=f"bench-manager-{now:%s}")
    user.groups.add(Group.objects.get(name=Role.MANAGER.value))
    pending = signoffs.propose(
        phase=phase, snapshot=snapshot, decision=Decision.HOLD, reason="a benchmark", by=user, now=now
    )
    counted = snapshot.inputs["confirmation_rate"]["denominator"]
    figure = Figure(name="a look at a phase", value=took, unit="s", note=f"{counted:,} outcomes")
    return phase, pending, figure


def addresses(phase: Phase, pending: SignOff) -> Iterator[tuple[str, str]]:
    yield "rollout", reverse("admin:rollout")
    yield "a phase", reverse("admin:rollout_phase", args=[phase.number])
    yield "a phase that was left", reverse("admin:rollout_phase", args=[phase.number - 1])
    yield "a proposal", reverse("admin:rollout_propose", args=[phase.number])
    yield "a sign-off", reverse("admin:rollout_sign_off", args=[pending.pk])
