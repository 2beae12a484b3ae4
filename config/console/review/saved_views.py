"""Saved views of the queue: made from the filters that are set, dropped by who made them."""

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from assignments.models import QueueView
from config.console.review.queue_page import FilterForm
from config.console.review.rights import SHARE, WORK, person
from observability.scope import scope_of


@require_POST
@permission_required(WORK, raise_exception=True)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the filters under a name; shared with everybody by who may."""
    user, name = person(request), _name(request)
    query = _known(request)
    back = HttpResponseRedirect(f"{reverse('admin:review_queue')}?{query}")
    if not name or not query:
        messages.error(request, "Set a filter and give the view a name.")
        return back
    shared = "shared" in request.POST and user.has_perm(SHARE)
    try:
        with transaction.atomic():
            QueueView.objects.create(name=name, owner=None if shared else user, query=query)
    except IntegrityError:
        messages.error(
            request, f"There is a view called {name} already; choose another name or drop it first."
        )
    return back


@require_POST
@permission_required(WORK, raise_exception=True)
def drop_view(request: HttpRequest) -> HttpResponse:
    """Forget one's own view, or a shared one by who may share."""
    user, name = person(request), _name(request)
    mine = QueueView.objects.filter(name=name, owner=user)
    shared = QueueView.objects.filter(name=name, owner__isnull=True)
    if not mine.delete()[0] and user.has_perm(SHARE):
        shared.delete()
    return HttpResponseRedirect(reverse("admin:review_queue"))


def _name(request: HttpRequest) -> str:
    return request.POST.get("name", "").replace("\x00", "").strip()[:40]


def _known(request: HttpRequest) -> str:
    """The filters that the queue knows, in one order."""
    sent = dict(parse_qsl(request.POST.get("query", "")[:500]))
    form = FilterForm(sent, scope=scope_of(request))
    return urlencode(sorted((name, value) for name, value in sent.items() if name in form.fields and value))
