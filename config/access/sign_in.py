"""Signing in: the password, then the second step of whoever has one or needs one."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.access import devices, halfway, letters, lockout, records, recovery, sessions

BACKEND = "django.contrib.auth.backends.ModelBackend"


class PasswordForm(AdminAuthenticationForm):
    """Django's, but that a name longer than anybody's is a wrong one, before it is counted in a column."""

    def clean(self) -> dict[str, Any]:
        longest = self.username_field.max_length or 0
        if len(self.cleaned_data.get("username", "")) > longest:
            raise self.get_invalid_login_error()
        return super().clean()


class PasswordStep(LoginView):
    """The sign-in page. A right password alone signs in those only who neither have nor need a device."""

    template_name = "admin/login.html"
    authentication_form = PasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        return after_password(self.request, form.get_user(), onward=self.get_success_url())

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**given),
            **admin.site.each_context(self.request),
            "title": "Log in",
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
        }


def after_password(request: HttpRequest, user: User, *, onward: str) -> HttpResponse:
    """To the second step, to setting one up where it is required, or in."""
    if devices.has_device(user):
        halfway.begin(request, user, onward=onward)
        return HttpResponseRedirect(reverse("admin:second_step"))
    if settings.MFA_REQUIRED:
        halfway.begin(request, user, onward=onward)
        return HttpResponseRedirect(reverse("admin:second_step_setup"))
    complete(request, user, by="")
    return HttpResponseRedirect(onward)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for a code of the device or a recovery code; the right one signs in."""
    user = halfway.person(request)
    if user is None:
        return HttpResponseRedirect(reverse("admin:login"))
    if lockout.refuses(request, user):
        return HttpResponse(status=429)
    told = ""
    if request.method == "POST":
        checked = devices.check(user, request.POST.get("code", ""), now=timezone.now())
        if checked.by:
            return _in_by(request, user, checked.by)
        told = refused(request, user, checked)
    context = {**admin.site.each_context(request), "title": "Second step", "username": user, "told": told}
    return TemplateResponse(request, "access/second_step.html", context)


def refused(request: HttpRequest, user: User, checked: devices.Checked) -> str:
    """Count a code that was looked at and wrong; what to tell."""
    if checked.wait:
        return f"After wrong codes none is looked at for a while: try again in {checked.wait} s."
    lockout.count_wrong_code(request, user)
    return "That is no code of yours, or it was used before. Wait for the next one."


def complete(request: HttpRequest, user: User, *, by: str) -> None:
    """Sign in for good, in a session of a new key; `by` is what proved the second step."""
    login(request, user, backend=BACKEND)
    if by:
        request.session[sessions.SECOND_STEP] = by
    sessions.forget_expired()
    records.record("sign_in.succeeded", user=user.pk, step=by or "password")


def _in_by(request: HttpRequest, user: User, by: str) -> HttpResponse:
    onward = halfway.end(request)
    complete(request, user, by=by)
    if by == devices.RECOVERY:
        records.record("recovery_code.used", user=user.pk, left=recovery.left(user))
        letters.tell(user, "A recovery code was used to sign in")
        return HttpResponseRedirect(reverse("admin:security"))
    return HttpResponseRedirect(onward)
