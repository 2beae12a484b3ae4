"""Channel tokens: made, recognised, revoked.

A token reads `ta_PREFIX_SECRET`: the mark lets secret scanners find it in code, the prefix finds its row.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from bookings.models import ChannelToken, Restaurant
from bookings.references import ALPHABET

MARK = "ta"
PREFIX_LENGTH = 8
SECRET_BYTES = 32

#: `last_used_at` is written no more often than this: reading an API should not write a row each time.
USE_NOTED_EVERY = timedelta(hours=1)


class TokenError(ValueError):
    """A token that opens nothing; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A new token and its only showing."""

    token: ChannelToken
    secret: str


def issue(*, token: ChannelToken, restaurants: Collection[Restaurant] = ()) -> Issued:
    """Give a new, unsaved token its secret and save it with its restaurants."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    token.prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
    token.digest = _digest(secret)
    with transaction.atomic():
        token.save()
        token.restaurants.set(restaurants)
    return Issued(token=token, secret=f"{MARK}_{token.prefix}_{secret}")


def recognise(*, presented: str, now: datetime) -> ChannelToken:
    """The token that was presented. Raises TokenError; a stranger learns nothing from it of other tokens."""
    _, _, rest = presented.partition("_")
    prefix, _, secret = rest.partition("_")
    token = ChannelToken.objects.filter(prefix=prefix).first() if _may_be(prefix) else None
    if token is None or not hmac.compare_digest(token.digest, _digest(secret)):
        raise TokenError("this token is not known; check that it was copied whole")
    if token.revoked_at is not None:
        raise TokenError(f"token {prefix} was revoked; ask for a new one")
    if token.expires_at <= now:
        raise TokenError(f"token {prefix} expired on {token.expires_at:%Y-%m-%d}; ask for a new one")
    _note_use(token, now)
    return token


def revoke(*, token_id: int, now: datetime) -> bool:
    """Close a token for good; False if it was closed before."""
    return bool(ChannelToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=now))


def _may_be(prefix: str) -> bool:
    return len(prefix) == PREFIX_LENGTH and set(prefix) <= set(ALPHABET)


def _note_use(token: ChannelToken, now: datetime) -> None:
    old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        ChannelToken.objects.filter(old, pk=token.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
