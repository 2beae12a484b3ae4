"""Secrets and signatures, by the Standard Webhooks scheme (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac


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
    seconds = str(int(at.timestamp()))
    keys = [_key(salt, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    signatures = [signature(key=key, uid=uid, seconds=seconds, body=body) for key in keys]
    return {
        "webhook-id": uid,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }


def signature(*, key: bytes, uid: str, seconds: str, body: bytes) -> str:
    """One signature over id, timestamp and body, as the standard writes it."""
    content = b".".join([uid.encode(), seconds.encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _key(salt: str, secret: str | bytes) -> bytes:
    return salted_hmac("bookings.webhooks", salt, secret=secret, algorithm="sha256").digest()
