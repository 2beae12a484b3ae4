"""Who may do what on the rollout's pages, and how an act there is done, logged or refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q, TextChoices
from django.http import HttpRequest

from assignments.flags.errors import FlagError
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.rights import SIGN_AS
from config.console.review.rights import person

SEE = "assignments.view_phase"
PROPOSE = "assignments.propose_phase"
ROLL_BACK = "assignments.roll_back"
WORK = "assignments.work_rollout"
OVERRIDE = "assignments.override_gate"
EDIT_POLICY = "assignments.edit_policy"

Choice = TypeVar("Choice", bound=StrEnum | TextChoices)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What was refused: the form, the sentence with the way out, and what was filled in, to be kept."""

    form: str
    sentence: str
    kept: dict[str, str] = field(default_factory=dict)


def rights_of(user: User) -> frozenset[str]:
    """The rollout's rights somebody was given by name or group: what the services ask, in one query."""
    given = Q(user__pk=user.pk) | Q(group__user__pk=user.pk)
    found = Permission.objects.filter(given, content_type__app_label="assignments")
    return frozenset(f"assignments.{codename}" for codename in found.values_list("codename", flat=True))


def may_sign(request: HttpRequest) -> bool:
    """Whether the person holds any of the roles that sign."""
    held = rights_of(person(request))
    return any(f"assignments.{codename}" in held for codename in SIGN_AS.values())


def carry_out(request: HttpRequest, form: str, deed: Callable[[], Model], what: str) -> Refusal | None:
    """Do it and log it in one transaction; a refusal has changed nothing and keeps what was filled in."""
    try:
        with transaction.atomic():
            log(request, deed(), what)
    except (RolloutError, FlagError) as error:
        return refusal(request, form, error)
    return None


def refusal(request: HttpRequest, form: str, error: Exception) -> Refusal:
    """The error as the page shows it, with the form's input but for passwords."""
    kept = {name: str(value) for name, value in request.POST.items() if name not in _NEVER_KEPT}
    sentence = str(error)
    return Refusal(form=form, sentence=sentence[:1].upper() + sentence[1:], kept=kept)


def written(request: HttpRequest, name: str) -> str:
    """What somebody wrote in a field, without the one character that no database keeps."""
    return request.POST.get(name, "").replace("\x00", "").strip()


def choice(kind: type[Choice], text: str, what: str) -> Choice:
    """The member of that value. Raises RolloutError, naming those there are."""
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise RolloutError(Code.UNKNOWN, f"{text[:40]!r} is no {what}: choose one of {known}.") from None


def log(request: HttpRequest, row: Model, what: str) -> None:
    """Who did what, in the console's own log."""
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=what,
    )


_NEVER_KEPT = frozenset({"password", "csrfmiddlewaretoken"})
