"""The console's admin site: Django's admin inside our frame, with pages of our own."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from config.access import letters, passwords, records
from config.access.sign_in import PasswordStep
from config.access.urls import access_urls
from config.console.alerts.urls import alert_urls
from config.console.audit.urls import audit_urls
from config.console.comparison.urls import comparison_urls
from config.console.events.urls import event_urls
from config.console.explorer.page import explorer
from config.console.find import find
from config.console.flags.urls import flag_urls
from config.console.floor.urls import floor_urls
from config.console.frame import frame
from config.console.guests.urls import guest_urls
from config.console.health.page import health
from config.console.help.urls import help_urls
from config.console.home import home
from config.console.mailbox_pages import letter, mailbox
from config.console.review.urls import review_urls
from config.console.rollout.urls import rollout_urls
from config.console.stuck.urls import stuck_urls


class ConsoleSite(admin.AdminSite):
    site_header = "Table assignment"
    site_title = "Table assignment"
    index_title = "Home"
    # The rail takes its place.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Here and not above: their pages use parts of the admin, which are made for this very site.
        from config.console.restaurants.urls import restaurant_urls
        from config.console.timeline.urls import timeline_urls

        own: list[URLPattern | URLResolver] = [
            *access_urls(self.admin_view),
            *review_urls(self.admin_view),
            *floor_urls(self.admin_view),
            path("health/", self.admin_view(health), name="health"),
            path("explorer/", self.admin_view(explorer), name="explorer"),
            *event_urls(self.admin_view),
            *stuck_urls(self.admin_view),
            *restaurant_urls(self.admin_view),
            *alert_urls(self.admin_view),
            *flag_urls(self.admin_view),
            *comparison_urls(self.admin_view),
            *audit_urls(self.admin_view),
            *rollout_urls(self.admin_view),
            *guest_urls(self.admin_view),
            *timeline_urls(self.admin_view),
            *help_urls(self.admin_view),
            path("find/", self.admin_view(find), name="find"),
            path("mailbox/", self.admin_view(mailbox), name="mailbox"),
            path("mailbox/<str:key>/", self.admin_view(letter), name="mailbox_letter"),
        ]
        # Ahead of Django's, whose last pattern takes every address.
        return [*own, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), **frame(request, self)}

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:  # type: ignore[override]
        """The password's page, which leads on to the second step."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index", current_app=self.name))
        request.current_app = self.name
        return PasswordStep.as_view(extra_context=extra_context)(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's page; wrong passwords count here as at signing in."""
        if request.method == "POST":
            old = request.POST.get("old_password", "")
            if old and not passwords.is_own_password(request, old) and passwords.is_locked_out(request):
                return HttpResponse(status=429)
        answer = super().password_change(request, extra_context)
        if (
            isinstance(request.user, User)
            and request.method == "POST"
            and answer.status_code == HTTPStatus.FOUND
        ):
            records.record("password.changed", user=request.user.pk, actor=request.user.pk)
            letters.tell(request.user, "The password was changed")
        return answer

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {
            **self.each_context(request),
            "title": self.index_title,
            "app_list": self.get_app_list(request),
            **home(request, self, now=timezone.now()),
            **(extra_context or {}),
        }
        request.current_app = self.name
        return TemplateResponse(request, "console/home.html", context)
