"""Recovery codes: ten that open the second step once each, when the device is not at hand.

A code has 80 random bits, so a plain hash of it gives nothing away and outlives any key; django-otp keeps
the hashes as its static tokens and removes each when it is used.
"""

import base64
import hashlib
import secrets

from django.contrib.auth.models import User
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

CODES = 10
CODE_BYTES = 10


def issue(user: User) -> list[str]:
    """New codes in place of those there were; this is their only showing."""
    codes = [_text(secrets.token_bytes(CODE_BYTES)) for _ in range(CODES)]
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery codes")
        StaticToken.objects.bulk_create(
            StaticToken(device=device, token=stored(code, owner=user.pk)) for code in codes
        )
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def left(user: User) -> int:
    """How many the person has not used yet."""
    return int(StaticToken.objects.filter(device__user=user).count())


def stored(code: str, *, owner: int) -> str:
    """What is kept of a code, however it was typed."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return _text(hashlib.sha256(f"{owner}:{plain}".encode()).digest()[:CODE_BYTES])


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()
