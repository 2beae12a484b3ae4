"""The alerts page, and the one thing people do there."""

from datetime import timedelta

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.console.alert_rights import ACKNOWLEDGE, SEE, may_see_alerts
from config.console.alerts.rows import alert_row, moment, rule_rows
from config.console.review.rights import person
from observability.alerts.policy import MOST_APART, title_of
from observability.alerts.records import AlertError, acknowledge
from observability.models import Alert, AlertNotice, NoticeStatus, RuleStanding

PAGE_SIZE = 25
#: Notices that nobody took are told of for so long.
LOST_NOTICES = timedelta(days=7)


@require_safe
@permission_required(SEE, raise_exception=True)
def alerts(request: HttpRequest) -> HttpResponse:
    """What fires first. The number of queries does not depend on the number of alerts."""
    _check(request)
    now = timezone.now()
    standings = {row.rule: row for row in RuleStanding.objects.all()}
    looked = max((row.evaluated_at for row in standings.values()), default=None)
    rows = Alert.objects.select_related("acknowledged_by")
    open_ones = [alert_row(row, now) for row in rows.filter(resolved_at__isnull=True).order_by("fired_at")]
    page = Paginator(rows.filter(resolved_at__isnull=False).order_by("-fired_at"), PAGE_SIZE).get_page(
        request.GET.get("p")
    )
    context = {
        **admin.site.each_context(request),
        "title": "Alerts",
        "open_alerts": sorted(open_ones, key=lambda row: (not row.may_be_acknowledged, row.priority)),
        "rules": rule_rows(standings, now),
        "looked": moment(looked, now) if looked else None,
        "is_stale": looked is None or now - looked > MOST_APART,
        "history": [alert_row(row, now) for row in page.object_list],
        "page": page,
        "lost_notices": AlertNotice.objects.filter(
            status=NoticeStatus.DEAD, created_at__gte=now - LOST_NOTICES
        ).count(),
        "may_acknowledge": request.user.has_perm(ACKNOWLEDGE),
    }
    return TemplateResponse(request, "alerts/page.html", context)


@require_POST
@permission_required((SEE, ACKNOWLEDGE), raise_exception=True)
def acknowledge_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Note that this person sees to the alert."""
    _check(request)
    try:
        with transaction.atomic():
            alert = acknowledge(alert_id=alert_id, user=person(request), now=timezone.now())
            _log(request, alert)
    except Alert.DoesNotExist:
        raise Http404(f"There is no alert {alert_id}.") from None
    except AlertError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Acknowledged: {title_of(alert.rule).lower()}.")
    return HttpResponseRedirect(reverse("admin:alerts"))


def _check(request: HttpRequest) -> None:
    if not may_see_alerts(request):
        raise PermissionDenied("Alerts tell of all restaurants; seeing them takes working for every one.")


def _log(request: HttpRequest, alert: Alert) -> None:
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(Alert),
        object_id=str(alert.pk),
        object_repr=str(alert),
        action_flag=CHANGE,
        change_message="Acknowledged.",
    )
