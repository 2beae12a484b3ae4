"""A row of every model of the flags."""

import itertools
from collections.abc import Callable, Mapping

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from assignments.models import (
    Cohort,
    FlagAcknowledgement,
    FlagChange,
    FlagDecision,
    FlagOverride,
    FlagProposal,
    FlagState,
)
from tests.factories import (
    RestaurantFactory,
)

_numbers = itertools.count(1)


def _cohort() -> Cohort:
    return Cohort.objects.create(label=f"phase {next(_numbers)}", percentage=10, salt="s", restaurants=[1, 2])


def _flag_change() -> FlagChange:
    return FlagChange.objects.create(
        version=next(_numbers),
        flag="shadow",
        restaurant=RestaurantFactory(),
        from_value=None,
        to_value=10,
        reason="trial",
        author="po",
        created_at=timezone.now(),
    )


def _proposal() -> FlagProposal:
    return FlagProposal.objects.create(
        base_version=0,
        wanted={"action": "shadow", "on": True},
        effect={},
        reason="trial",
        proposer=User.objects.create(username=f"proposer-{next(_numbers)}"),
    )


def _decision() -> FlagDecision:
    return FlagDecision.objects.create(
        proposal=_proposal(),
        outcome="rejected",
        reason="not now",
        actor=User.objects.create(username=f"second-{next(_numbers)}"),
    )


def _override() -> FlagOverride:
    return FlagOverride.objects.create(
        flag="shadow", restaurant=RestaurantFactory(), percentage=50, reason="trial", author="po"
    )


def _acknowledgement() -> FlagAcknowledgement:
    now = timezone.now()
    return FlagAcknowledgement.objects.create(
        worker=f"worker-{next(_numbers)}", version=1, started_at=now, acknowledged_at=now, seen_at=now
    )


FLAG_MAKERS: Mapping[type[Model], Callable[[], Model]] = {
    Cohort: _cohort,
    FlagState: lambda: FlagState.objects.update_or_create(defaults={"cohort": _cohort()}, id=1)[0],
    FlagChange: _flag_change,
    FlagDecision: _decision,
    FlagOverride: _override,
    FlagProposal: _proposal,
    FlagAcknowledgement: _acknowledgement,
}
