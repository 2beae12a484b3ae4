"""How the secret of a second step is kept: sealed with SECRET_KEY, so that the database alone opens nothing.

A seal is the nonce, the secret under a pad made from key and nonce, and a tag over both and their owner:
12 + 20 + 8 bytes, which is what django-otp's column holds. A nonce is random and used once, so no two
secrets share a pad; the tag tells a wrong key, and a seal that was moved to somebody else's row.
"""

import hmac
import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac

SECRET_BYTES = 20
NONCE_BYTES = 12
TAG_BYTES = 8


class SealError(ValueError):
    """No key that is known made this seal; the person needs a new device."""


def seal(secret: bytes, *, owner: int) -> str:
    """The secret of SECRET_BYTES as it may be stored, in hexadecimal."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    hidden = _xor(secret, _pad(settings.SECRET_KEY, nonce))
    return (nonce + hidden + _tag(settings.SECRET_KEY, nonce + hidden, owner)).hex()


def unseal(sealed: str, *, owner: int) -> bytes:
    """The secret. Raises SealError for what neither SECRET_KEY nor a fallback sealed for this owner."""
    key = _key_of(sealed, owner)
    if key is None:
        raise SealError("the second step was sealed with a SECRET_KEY that is gone; reset the device")
    raw = bytes.fromhex(sealed)
    return _xor(raw[NONCE_BYTES:-TAG_BYTES], _pad(key, raw[:NONCE_BYTES]))


def is_current(sealed: str, *, owner: int) -> bool:
    """Whether SECRET_KEY itself made the seal, rather than a fallback."""
    return _key_of(sealed, owner) == settings.SECRET_KEY


def _key_of(sealed: str, owner: int) -> str | None:
    raw = bytes.fromhex(sealed)
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(_tag(key, raw[:-TAG_BYTES], owner), raw[-TAG_BYTES:]):
            return str(key)
    return None


def _pad(key: str, nonce: bytes) -> bytes:
    return salted_hmac("config.access.pad", nonce, secret=key, algorithm="sha256").digest()[:SECRET_BYTES]


def _tag(key: str, body: bytes, owner: int) -> bytes:
    told = b"%d:" % owner + body
    return salted_hmac("config.access.tag", told, secret=key, algorithm="sha256").digest()[:TAG_BYTES]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
