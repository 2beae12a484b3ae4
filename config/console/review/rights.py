"""Rights that the review pages ask for."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from assignments.models import ReviewCase
from assignments.review import claims
from observability.scope import scope_of

SEE = "assignments.view_reviewcase"
WORK = "assignments.work_review"
TAKE_OVER = "assignments.takeover_review"
BULK = "assignments.bulk_review"
SHARE = "assignments.share_review_view"


def person(request: HttpRequest) -> User:
    """Who asks; the site lets nobody but staff through."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def case_in_scope(request: HttpRequest, case_id: int) -> ReviewCase:
    """The case, if its restaurant is one of this person's; Http404 as if there were none otherwise."""
    rows = ReviewCase.objects.select_related("booking__restaurant", "booking__zone", "owner", "closed_by")
    return get_object_or_404(scope_of(request).narrow(rows, "booking__restaurant"), pk=case_id)


def others_at(case_id: int, user: User) -> list[User]:
    """Who else works on the case's page. Those who only look change nothing, not even this list."""
    ask = claims.be_present if user.has_perm(WORK) else claims.others_present
    return ask(case_id=case_id, user=user)
