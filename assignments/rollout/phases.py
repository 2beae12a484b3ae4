"""Phases: entering one sets its flags, its frozen cohort and the limit of runs in one transaction.

Who has to agree is the sign-offs' subject (`signoffs`), which enters phases; by hand only the first
phase is started, and in the local environment any (a rehearsal).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from assignments.engine import phases as facts
from assignments.engine.flags import DEFAULT_PARALLEL
from assignments.engine.phases import PHASES, PhaseKey
from assignments.flags import FlagError, acknowledgements, services
from assignments.flags.authors import Author
from assignments.flags.pins import VARIABLES, pins
from assignments.models import FlagState, ImportedEvidence, LeftHow, Phase, Snapshot
from assignments.rollout import baseline, ledger, policies
from assignments.rollout.errors import Code, RolloutError
from bookings.models import Restaurant

LOCAL: Final = "local"


def current() -> Phase | None:
    """The phase under way, if the rollout is in one."""
    return _with_parents().filter(left_at__isnull=True).first()


def lock_current() -> Phase:
    """The phase under way, locked until the transaction ends; waits for whoever decides about it.

    Raises RolloutError if there is none.
    """
    ledger.hold()
    phase = _with_parents().select_for_update(no_key=True, of=("self",)).filter(left_at__isnull=True).first()
    if phase is None:
        raise RolloutError(Code.NO_PHASE, "No phase is under way: start the rollout first.")
    return phase


def is_rehearsal(phase: Phase) -> bool:
    """Whether a deployment's phase is only tried out, in the local environment."""
    return phase.environment == LOCAL and PHASES[PhaseKey(phase.key)].environment != LOCAL


def first_of(environment: str) -> PhaseKey:
    """Where the rollout of an environment starts."""
    return next(key for key, phase in PHASES.items() if phase.environment == environment)


def next_of(phase: Phase) -> PhaseKey | None:
    """The phase that follows in this environment; None after its last."""
    following = facts.following(PhaseKey(phase.key))
    if following is None or not _belongs_to(following, phase.environment):
        return None
    return following


@transaction.atomic
def enter_first(key: PhaseKey | None = None, *, by: Author, now: datetime) -> Phase:
    """Start the rollout of this environment at its first phase; locally at any.

    Production's first needs staging's evidence, imported. Raises RolloutError.
    """
    ledger.hold()
    wanted = key or first_of(str(settings.ENVIRONMENT))
    if (open_ := current()) is not None:
        raise RolloutError(Code.PHASE_OPEN, f"{open_} is under way: the rollout has started.")
    if settings.ENVIRONMENT != LOCAL and wanted != first_of(str(settings.ENVIRONMENT)):
        raise RolloutError(
            Code.SKIPPED,
            f"{PHASES[wanted].title} cannot be the first: "
            f"{settings.ENVIRONMENT} starts with {PHASES[first_of(str(settings.ENVIRONMENT))].title}.",
        )
    _refuse_without_evidence(wanted)
    return _open(wanted, by=by, now=now, snapshot=None)


@transaction.atomic
def enter(
    key: PhaseKey,
    *,
    by: Author,
    now: datetime,
    snapshot: Snapshot | None = None,
) -> Phase:
    """Leave the phase under way forwards and enter another; called by a sign-off that was decided.

    `snapshot` is what was seen last of the phase that is left. Raises RolloutError.
    """
    leaving = lock_current()
    if leaving.environment != LOCAL and key != next_of(leaving):
        raise RolloutError(
            Code.SKIPPED, f"{PHASES[key].title} does not follow {leaving.get_key_display()}: none is skipped."
        )
    refuse_ineffective(key)
    leave(leaving, LeftHow.PROCEEDED, by=by, now=now)
    return _open(key, by=by, now=now, snapshot=snapshot)


def refuse_ineffective(key: PhaseKey) -> None:
    """Raise RolloutError if entering a phase would not take effect: killed, or pinned in any live process."""
    if FlagState.objects.filter(killed=True).exists():
        raise RolloutError(
            Code.KILLED,
            f"The kill switch is on, so {PHASES[key].title} would change nothing: revive the flags first.",
        )
    for flag, (value, where) in pinned().items():
        if flag != "max_parallel" or value != DEFAULT_PARALLEL:
            raise RolloutError(
                Code.PINNED,
                f"{flag} is pinned to {str(value).lower()} by the environment variable {VARIABLES[flag]} "
                f"{where}: unset it and restart that process to enter {PHASES[key].title}.",
            )


def pinned() -> dict[str, tuple[bool | int, str]]:
    """What the environments of this process and of live workers pin: flag to value and where."""
    found: dict[str, tuple[bool | int, str]] = {}
    for worker in acknowledgements.workers():
        if worker.live:
            found |= {flag: (value, f"of worker {worker.worker}") for flag, value in worker.pins.items()}
    return found | {flag: (value, "of this process") for flag, value in pins().as_dict().items()}


def leave(phase: Phase, how: LeftHow, *, by: Author, now: datetime) -> None:
    """Close a stay, in the caller's transaction and under the chain's lock."""
    phase.left_at, phase.left_how = max(now, phase.entered_at), how
    phase.save(update_fields=["left_at", "left_how"])
    ledger.append("phase.left", {"how": str(how)}, phase=phase, by=by, now=now)


def open_stay(
    key: PhaseKey,
    *,
    by: Author,
    now: datetime,
    by_rollback: bool,
    reason: str,
    extra: Mapping[str, Any] | None = None,
) -> Phase:
    """Set a phase's flags and write down the stay, in the caller's transaction under the chain's lock."""
    last = Phase.objects.order_by("-number").values_list("number", flat=True).first() or 0
    try:
        set_flags(key, label=_label(key, last + 1), reason=reason, by=by, now=now, despite_pin=by_rollback)
    except FlagError as error:
        raise RolloutError(Code.FLAGS, f"{PHASES[key].title} cannot be entered: {error}.") from error
    state = FlagState.objects.select_related("cohort").get()
    phase = Phase.objects.create(
        number=last + 1,
        key=key,
        environment=str(settings.ENVIRONMENT),
        policy=policies.current(key, now=now),
        cohort=state.cohort,
        flag_version=state.version,
        restaurants=len(state.cohort.restaurants) if state.cohort else Restaurant.objects.count(),
        baseline=_baseline(key, now),
        by_rollback=by_rollback,
        entered_at=now,
        author=by.name,
        actor_id=by.user_id,
    )
    body = {
        "key": key.value,
        "environment": phase.environment,
        "policy": policies.in_force(phase).digest(),
        "cohort": state.cohort.label if state.cohort else None,
        "restaurants": phase.restaurants,
        "flag_version": state.version,
        "by_rollback": by_rollback,
        **(extra or {}),
    }
    ledger.append("phase.entered", body, phase=phase, by=by, now=now)
    return phase


def set_flags(
    key: PhaseKey | None,
    *,
    label: str | None,
    reason: str,
    by: Author,
    now: datetime,
    despite_pin: bool = False,
) -> None:
    """The flags of a phase; None is legacy alone. The limit of runs starts at 3 in each.

    A pinned limit is the environment's affair: it is written below the pin.
    """
    phase = PHASES[key] if key else None
    cause: dict[str, Any] = {"reason": reason, "by": by, "now": now, "despite_pin": despite_pin}
    services.lock()
    services.set_cohort(percentage=phase.percentage if phase else 0, label=label, **cause)
    services.set_shadow(on=phase.shadow if phase else False, **cause)
    services.set_max_parallel(limit=DEFAULT_PARALLEL, **cause | {"despite_pin": True})


def _open(
    key: PhaseKey,
    *,
    by: Author,
    now: datetime,
    snapshot: Snapshot | None,
) -> Phase:
    refuse_ineffective(key)
    return open_stay(
        key,
        by=by,
        now=now,
        by_rollback=False,
        reason=f"{PHASES[key].title} was entered.",
        extra={"snapshot": snapshot.digest if snapshot else None},
    )


def _baseline(key: PhaseKey, now: datetime) -> dict[str, str]:
    """What a stay is held against: of a phase entered again, what was before it came in the first time."""
    earlier = Phase.objects.filter(key=key).exclude(baseline={}).order_by("number").first()
    return dict(earlier.baseline) if earlier else baseline.take(now=now)


def _refuse_without_evidence(key: PhaseKey) -> None:
    if settings.ENVIRONMENT == LOCAL or key is not PhaseKey.PRODUCTION_SHADOW:
        return
    wanted = PhaseKey.STAGING_FULL
    if not ImportedEvidence.objects.filter(environment="staging", phase=wanted).exists():
        raise RolloutError(
            Code.NO_EVIDENCE,
            f"Production starts on staging's evidence: import the bundle of {PHASES[wanted].title} first.",
        )


def _belongs_to(key: PhaseKey, environment: str) -> bool:
    return environment in (LOCAL, PHASES[key].environment)


def _label(key: PhaseKey, number: int) -> str | None:
    """The cohort's label: that of the earlier stay, so that a phase entered again has the same list."""
    if PHASES[key].percentage == 0:
        return None
    earlier = Phase.objects.filter(key=key, cohort__isnull=False).order_by("number").first()
    return earlier.cohort.label if earlier and earlier.cohort else f"{key}-{number}"


def _with_parents() -> QuerySet[Phase]:
    return Phase.objects.select_related("policy", "cohort")
