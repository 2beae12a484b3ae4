"""Second steps of people: given, checked, replaced and taken away."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice

from config.access import recovery
from config.access.models import Authenticator

AUTHENTICATOR = "authenticator"
RECOVERY = "recovery code"


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What became of a code: the device that took it, or none; `wait` seconds until the next is looked at."""

    by: str = ""
    wait: int = 0


def has_device(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, confirmed=True).exists())


def check(user: User, code: str, *, now: datetime) -> Checked:
    """Take a code of six digits from the device, or a recovery code; each counts once.

    The row is locked, so that of two requests with the same code one is refused. After a wrong code the
    device looks at none for a second, then two, four, eight ….
    """
    digits = code.replace(" ", "")
    is_number = digits.isascii() and digits.isdecimal()
    with transaction.atomic():
        if is_number:
            device, token = _locked(Authenticator, user), digits
        else:
            device, token = _locked(StaticDevice, user), recovery.stored(code, owner=user.pk)
        return _checked(device, token, AUTHENTICATOR if is_number else RECOVERY, now)


def offered(user: User, device_id: int) -> Authenticator:
    """The device of that id while it waits for its first code; else a new one.

    Each session is offered one of its own: who knows the password and looked first knows no secret that
    somebody else puts in force.
    """
    found = Authenticator.objects.filter(user=user, confirmed=False, pk=device_id).first()
    return found or Authenticator.new_for(user)


def confirm(user: User, device_id: int, code: str, *, replaces: bool) -> list[str] | None:
    """Put the offered device in force by its first code, in place of any other; the new recovery codes.

    None if the code is not that device's, or there is one already that was not to be replaced.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        device = Authenticator.objects.filter(user=user, confirmed=False, pk=device_id).first()
        if device is None or (has_device(user) and not replaces):
            return None
        if not device.verify_token(code.replace(" ", "")):
            return None
        Authenticator.objects.filter(user=user).exclude(pk=device.pk).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return recovery.issue(user)


def remove(user: User) -> None:
    """Take the device and the codes away: the next sign-in leads to a new one."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()


def forgive(user: User) -> None:
    """Look at the next code at once, whatever was wrong before."""
    for kind in (Authenticator, StaticDevice):
        kind.objects.filter(user=user).update(throttling_failure_count=0, throttling_failure_timestamp=None)


def _locked(kind: type[Device], user: User) -> Device | None:
    return kind.objects.select_for_update().filter(user=user, confirmed=True).first()


def _checked(device: Device | None, token: str, by: str, now: datetime) -> Checked:
    if device is None:
        return Checked()
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return Checked(wait=max(1, math.ceil((why["locked_until"] - now).total_seconds())))
    return Checked(by=by if device.verify_token(token) else "")
