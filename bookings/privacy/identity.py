"""Whom a request is about: an e-mail address, a phone number, a booking's reference, compared exactly.

Addresses are compared without regard to case, numbers by their digits, a leading 00 being a +. Nothing is
guessed: a number written once with its country and once without is two numbers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Lower, StrIndex, Trim
from django.db.models.lookups import GreaterThan
from django.utils.crypto import salted_hmac

from bookings.models import Booking

#: What stands where a guest's data stood and something has to stand.
ERASED = "(erased)"

#: Digits below which a number would be found in half of all texts.
FEWEST_DIGITS = 6


class GuestError(ValueError):
    """A request that names nobody or cannot be carried out; the text says why and the way out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """What identifies the guest, normalised; empty where it was not given.

    A reference means that booking alone: behind the address of a hotel desk are many guests.
    """

    email: str = ""
    phone: str = ""
    reference: str = ""

    @property
    def proofs(self) -> list[str]:
        """Keyed hashes, one for each identifier."""
        return self._proofs(settings.SECRET_KEY)

    @property
    def proofs_of_before(self) -> list[str]:
        """As `proofs` were made under the keys that are still known."""
        return [proof for key in settings.SECRET_KEY_FALLBACKS for proof in self._proofs(key)]

    def _proofs(self, key: str) -> list[str]:
        given = (("email", self.email), ("phone", self.phone), ("reference", self.reference))
        return [_proof(kind, value, key) for kind, value in given if value]


def guest_of(*, email: str = "", phone: str = "", reference: str = "") -> Guest:
    """The guest as people wrote it down. Raises GuestError for nothing at all, and for what is no address."""
    guest = Guest(email=email.strip().lower(), phone=digits_of(phone), reference=reference.strip().upper())
    if guest == Guest() and not phone.strip():
        raise GuestError("Name the guest: an e-mail address, a phone number or a booking's reference.")
    if guest.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", guest.email):
        raise GuestError(f"{email.strip()} is no e-mail address; write it like name@example.org.")
    if phone.strip() and len(guest.phone) < FEWEST_DIGITS:
        raise GuestError(f"{phone.strip()} is no phone number; give {FEWEST_DIGITS} digits or more.")
    return guest


def digits_of(phone: str) -> str:
    """The digits of a number, without the 00 that stands for +."""
    return re.sub(r"[^0-9]", "", phone).removeprefix("00")


def bookings_of(guest: Guest) -> QuerySet[Booking]:
    """The guest's bookings (reads the whole table, which for a request now and then will do)."""
    rows = Booking.objects.alias(
        email_as=Lower(Trim("guest_email")),
        phone_as=_without(_without(F("guest_phone"), "[^0-9]"), "^00"),
    )
    theirs = Q(pk__in=[])
    if guest.email:
        theirs |= Q(email_as=guest.email)
    if guest.phone:
        theirs |= Q(phone_as=guest.phone)
    if guest.reference:
        theirs |= Q(reference=guest.reference)
    return rows.filter(theirs)


def may_mention(guest: Guest, columns: Iterable[str]) -> Q:
    """Rows whose columns may quote the address or the number: a first sieve, in the database."""
    found = Q(pk__in=[])
    for column in columns:
        text = Cast(column, TextField())
        for spelling in _spellings(guest.email):
            found |= Q(_contains(Lower(text), spelling))
        if guest.phone:
            found |= Q(_contains(_without(text, "[^0-9]"), guest.phone))
    return found


def mention_of(
    *, emails: Iterable[str], phones: Iterable[str], names: Iterable[str] = (), alone: bool = True
) -> re.Pattern[str] | None:
    """A pattern of the guest's words within a text; None where there are none.

    An address has to stand `alone` where finding it decides whose a row is. Where it is merely taken out it
    may be part of another word, such as a file's name or a channel's key.
    """
    before, after = (r"(?<![\w.+-])", r"(?![\w-])(?!\.\w)") if alone else ("", "")
    spelled = sorted({re.escape(spelling) for email in emails for spelling in _spellings(email)})
    parts = [f"{before}{spelling}{after}" for spelling in spelled]
    parts += [_number(phone) for phone in sorted(set(phones)) if len(phone) >= FEWEST_DIGITS]
    parts += [rf"(?<!\w){_spaced(name)}(?!\w)" for name in sorted(set(names), key=len, reverse=True) if name]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def without_mention(value: Any, pattern: re.Pattern[str]) -> Any:
    """The value, whatever its shape, with the guest's words replaced."""
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, list):
        return [without_mention(each, pattern) for each in value]
    if isinstance(value, dict):
        return {pattern.sub(ERASED, key): without_mention(each, pattern) for key, each in value.items()}
    return value


def _spellings(email: str) -> set[str]:
    """As people write it, and as it stands in an address of a page; none of nothing."""
    return {email, quote(email, safe="").lower()} - {""}


def _proof(kind: str, value: str, key: str) -> str:
    return salted_hmac("bookings.privacy", f"{kind}:{value}", secret=key, algorithm="sha256").hexdigest()


def _number(digits: str) -> str:
    """The digits however they are grouped, with or without what says that a country comes first."""
    return r"(?<!\d)(?:\+|00)?" + r"[ ()./+\-]{0,3}".join(digits) + r"(?!\d)"


def _spaced(name: str) -> str:
    return r"\s+".join(re.escape(word) for word in name.split())


def _without(text: Any, pattern: str) -> Func:
    return Func(
        text, Value(pattern), Value(""), Value("g"), function="regexp_replace", output_field=TextField()
    )


def _contains(text: Any, part: str) -> Any:
    """Not LIKE: what people typed may hold its wildcards."""
    return GreaterThan(StrIndex(text, Value(part)), 0)
