"""Headers and signatures of the Standard Webhooks scheme (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime


def signed_headers(*, keys: Sequence[bytes], uid: str, body: bytes, at: datetime) -> dict[str, str]:
    """The three headers of a message sent at `at`, with one signature for each key."""
    seconds = str(int(at.timestamp()))
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


def key_of(secret: str) -> bytes:
    """The key in a secret as people pass it on. Raises ValueError unless it is ``whsec_`` and base64."""
    prefix, _, encoded = secret.partition("_")
    if prefix != "whsec":
        raise ValueError("a secret begins with whsec_")
    return base64.b64decode(encoded, validate=True)
