"""Secrets and signatures, by the Standard Webhooks scheme (standardwebhooks.com, version 1)."""

import base64
import secrets
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from observability import standard_webhooks


def new_salt() -> str:
    """What a new secret is derived from."""
    return secrets.token_urlsafe(32)


def secret_of(salt: str) -> str:
    """The secret as a receiver keeps it: ``whsec_`` and 32 bytes in base64.

    It is derived from SECRET_KEY, so the database alone does not give it away.
    """
    return "whsec_" + base64.b64encode(_key(salt, settings.SECRET_KEY)).decode()


def signed_headers(*, salt: str, uid: str, body: bytes, at: datetime) -> dict[str, str]:
    """The three headers of a delivery sent at `at`.

    While an old SECRET_KEY is among SECRET_KEY_FALLBACKS its signature goes along, so that receivers
    can go over to their new secret in their own time.
    """
    keys = [_key(salt, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return standard_webhooks.signed_headers(keys=keys, uid=uid, body=body, at=at)


def _key(salt: str, secret: str | bytes) -> bytes:
    return salted_hmac("bookings.webhooks", salt, secret=secret, algorithm="sha256").digest()
