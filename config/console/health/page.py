"""The health page: one sentence, six figures, what needs somebody, and the machinery."""

from datetime import timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.console.flag_rights import may_see_flags
from config.console.flags.kill_switch import kill_switch_now
from config.console.health.attention import needs_attention
from config.console.health.machinery import facts, workers
from config.console.health.tiles import tiles_of
from config.console.navigation import may_see_health
from observability.health import Figures, Level, judge
from observability.metrics import backlog
from observability.metrics.rates import rates
from observability.metrics.window import Window
from observability.scope import scope_of

DAY = timedelta(hours=24)

#: Tone and icon of each level.
LOOKS = {
    Level.HEALTHY: ("good", "ok"),
    Level.WARNING: ("watch", "warn"),
    Level.CRITICAL: ("critical", "bad"),
    Level.NO_DATA: ("unknown", "ring"),
}


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The page; its number of queries does not depend on how much happened."""
    if not may_see_health(request):
        raise PermissionDenied("The health page is for those who work for every restaurant.")
    now = timezone.now()
    window = Window.lately(now, DAY)
    found, stuck = rates(window), backlog.stuck(now=now)
    running, version = workers()
    verdict = judge(
        Figures(
            confirmation=found.confirmation,
            review=found.review,
            errors=found.error.numerator,
            stuck=stuck.count,
        )
    )
    tone, icon = LOOKS[verdict.level]
    context = {
        **admin.site.each_context(request),
        "title": "Health",
        "verdict": verdict,
        "tone": tone,
        "icon": icon,
        "tiles": tiles_of(window, found, stuck),
        "attention": needs_attention(request, admin.site, scope_of(request), stuck),
        "workers": running,
        "current": sum(worker.is_current for worker in running),
        "version": version,
        "facts": facts(window, now),
        "switch": kill_switch_now(request) if may_see_flags(request) else None,
    }
    return TemplateResponse(request, "health/page.html", context)
