"""What was just done, and for how long it can be undone."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from assignments.models import Resolution, ResolutionKind
from assignments.review.resolutions import UNDO_WINDOW

#: Where the session keeps the resolution that could be undone.
KEY = "review_last_resolution"

_WORDS = {
    ResolutionKind.SEATED: ("is seated.", "Confirmation mail goes out"),
    ResolutionKind.REQUEUED: ("is planned again.", ""),
    ResolutionKind.REJECTED: ("is turned down.", "The mail to the guest goes out"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Toast:
    """`seconds` are those left to undo; 0 where nothing can be undone."""

    reference: str
    words: str
    mail: str
    seconds: int
    undo_url: str


def remember(request: HttpRequest, resolution: Resolution) -> None:
    """Tell of the resolution on the next page."""
    request.session[KEY] = resolution.pk


def toast(request: HttpRequest, *, now: datetime) -> Toast | None:
    """What this person did last, while that is news (one query if there is any)."""
    pk = request.session.get(KEY)
    if pk is None:
        return None
    resolution = (
        Resolution.objects.select_related("case__booking").filter(pk=pk, actor_id=request.user.pk).first()
    )
    left = (resolution.created_at + UNDO_WINDOW - now).total_seconds() if resolution else 0
    if resolution is None or left <= 0 or resolution.undone_at:
        del request.session[KEY]
        return None
    words, mail = _WORDS[ResolutionKind(resolution.kind)]
    return Toast(
        reference=resolution.case.booking.reference,
        words=words,
        mail=mail,
        seconds=round(left) if resolution.kind != ResolutionKind.REQUEUED else 0,
        undo_url=reverse("admin:review_undo", args=[resolution.pk]),
    )
