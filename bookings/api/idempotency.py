"""Repeats: the same key with the same request gets the answer of the first time.

Intake tells repeats apart by the booking; here the answer is kept, and for walk-ins, too, whose start is
another one each time. The key's row is inserted before the work and in its transaction. A request that
comes in between waits at the unique index; it finds the answer, or, if the first one failed, does the
work itself.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from bookings.api.problems import FieldError, Kind, bad_field, problem
from bookings.intake_rules import LONGEST_TEXT
from bookings.models import ApiAnswer

HEADER = "Idempotency-Key"
KEY_PATTERN = rf"^[\x21-\x7e]{{1,{LONGEST_TEXT['idempotency_key']}}}$"

#: Answers that one round of upkeep removes at most; a busy channel makes far fewer in the time between two.
FORGOTTEN_AT_ONCE = 1_000

Answer = dict[str, Any]


def key_of(request: Request) -> str | None:
    """The request's key, None without. Raises Problem for one that is empty, too long or not plain text."""
    key = request.headers.get(HEADER)
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        raise bad_field(
            HEADER, f"write 1 to {LONGEST_TEXT['idempotency_key']} visible ASCII characters without blanks"
        )
    return key


def answered_once(
    *, channel: str, key: str | None, path: str, wishes: Any, work: Callable[[], Answer]
) -> Answer:
    """The answer of `work`, or the one it gave under this key before.

    Raises Problem (409) if the key was used for other wishes or at another path. Work that raises leaves
    nothing behind, so a corrected request may use the key again.
    """
    if key is None:
        return work()
    digest, *digests_of_before = _digests(path, wishes)
    with transaction.atomic():
        kept, fresh = ApiAnswer.objects.get_or_create(channel=channel, key=key, defaults={"digest": digest})
        if fresh:
            kept.body = work()
            kept.save(update_fields=["body"])
    if kept.digest != digest and kept.digest not in digests_of_before:
        message = "this key was used for another request; repeat that one unchanged, or take a new key"
        raise problem(
            Kind.IDEMPOTENCY_CONFLICT, message, FieldError(field=HEADER, message=message, code="conflict")
        )
    answer: Answer = kept.body
    return answer


def forget(*, now: datetime) -> int:
    """Remove answers whose time is over, some at a time, and return how many.

    Only the oldest are looked at, by their id, so that this costs next to nothing where there is nothing.
    """
    oldest = ApiAnswer.objects.order_by("pk").values_list("pk", "created_at")[:FORGOTTEN_AT_ONCE]
    until = now - timedelta(days=settings.API_ANSWER_RETENTION_DAYS)
    over = [pk for pk, created_at in oldest if created_at < until]
    removed, _ = ApiAnswer.objects.filter(pk__in=over).delete() if over else (0, {})
    return removed


def _digests(path: str, wishes: Mapping[str, Any]) -> list[str]:
    """Under the key in force, then under those of before.

    Keyed, because guests' data goes in: who reads the table cannot try names against it.
    """
    text = json.dumps([path, wishes], sort_keys=True, ensure_ascii=True)
    return [
        salted_hmac("bookings.api.idempotency", text, secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
