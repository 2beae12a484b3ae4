"""Repeats: the same key with the same request gets the answer of the first time.

Intake tells repeats apart by the booking; here the answer is kept, and for walk-ins, too, whose start is
another one each time. The key's row is inserted before the work and in its transaction. A request that
comes in between waits at the unique index; it finds the answer, or, if the first one failed, does the
work itself.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from bookings.api.problems import FieldError, Kind, bad_field, problem
from bookings.intake_rules import LONGEST_TEXT
from bookings.models import ApiAnswer

HEADER = "Idempotency-Key"
KEY_PATTERN = rf"^[\x21-\x7e]{{1,{LONGEST_TEXT['idempotency_key']}}}$"

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
    digest = _digest(path, wishes)
    with transaction.atomic():
        kept, fresh = ApiAnswer.objects.get_or_create(channel=channel, key=key, defaults={"digest": digest})
        if fresh:
            kept.body = work()
            kept.save(update_fields=["body"])
    if kept.digest != digest:
        message = "this key was used for another request; repeat that one unchanged, or take a new key"
        raise problem(
            Kind.IDEMPOTENCY_CONFLICT, message, FieldError(field=HEADER, message=message, code="conflict")
        )
    answer: Answer = kept.body
    return answer


def _digest(path: str, wishes: Mapping[str, Any]) -> str:
    """Keyed, because guests' data goes in: who reads the table cannot try names against it."""
    text = json.dumps([path, wishes], sort_keys=True, ensure_ascii=True)
    return salted_hmac("bookings.api.idempotency", text, algorithm="sha256").hexdigest()
