"""The metrics explorer: what happened over a span of time, of all restaurants or one, on either path."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.display.show import zone_name
from config.console.explorer.choice import ChoiceForm
from config.console.explorer.panels import panels
from config.console.explorer.rights import may_see_metrics, may_see_phases
from observability import replica
from observability.scope import scope_of


@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    """The same queries whatever the span, and however many restaurants and events there are."""
    if not may_see_metrics(request):
        raise PermissionDenied("Seeing metrics takes the permission to view events.")
    now = timezone.now()
    form = ChoiceForm(request.GET, scope=scope_of(request), may_see_phases=may_see_phases(request))
    choice = form.choice(now)
    context = {**admin.site.each_context(request), "title": "Metrics", "form": form, "choice": choice}
    if choice is not None:
        window = choice.window(now)
        with replica.reading() as context["read"]:
            context["panels"] = panels(choice, window)
        context["ends"] = [choice.say(window.start), choice.say(window.end)]
        context["zone"] = zone_name(now.astimezone(choice.zone))
    return TemplateResponse(request, "explorer/page.html", context)
