"""A password is chosen by its owner alone, by a link that is mailed to them and counts once.

So who helps somebody gets no way to sign in as them. The link is Django's: signed, void once the password is
set, once another link is sent, and after PASSWORD_RESET_TIMEOUT.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from config.access import letters, records, sessions
from observability.notices import NotTakenError


class NotSentError(Exception):
    """No link was sent and nothing was changed; the text says why and what to do."""


def send_link(request: HttpRequest, user: User, *, by: User) -> None:
    """End the password there is, and mail its owner the way to a new one. Raises NotSentError."""
    if not (user.is_active and user.is_staff):
        raise NotSentError(f"{user} may not sign in: make the account active and staff first.")
    if not user.email:
        raise NotSentError(f"{user} has no address; an administrator gives the account one.")
    try:
        with transaction.atomic():
            user.set_unusable_password()
            user.save(update_fields=["password"])
            letters.send(user.email, "Choose a password", *_invitation(request, user, by))
    except NotTakenError as error:
        raise NotSentError(f"The link for {user} was not sent: {error}. Try again later.") from error
    sessions.end_all(user.pk)
    records.record("password.link_sent", user=user.pk, actor=by.pk)
    records.log_help(by=by, to=user, what="Sent a link for a new password.")


class NewPassword(PasswordResetConfirmView):
    """Where the link leads. It signs nobody in: the second step is asked for as ever."""

    template_name = "access/new_password.html"
    success_url = reverse_lazy("admin:login")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        owner: User = form.user
        records.record("password.changed", user=owner.pk, actor=owner.pk)
        letters.tell(owner, "A new password was chosen by the link that was sent to you")
        messages.success(self.request, "The password is set. Sign in with it.")
        return answer

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        context = {**admin.site.each_context(self.request), **super().get_context_data(**given)}
        title = f"Choose a password for {self.user}" if self.validlink else "This link counts no more"
        return {**context, "title": title}


def _invitation(request: HttpRequest, user: User, by: User) -> list[str]:
    asked = f"{by.get_username()} asked for a new password of your account {user.get_username()}."
    hours = settings.PASSWORD_RESET_TIMEOUT // 3600
    return [
        f"{asked} Choose it here within {hours} hours; the link counts once:",
        _address(request, user),
        "Whatever password the account had opens nothing any more.",
    ]


def _address(request: HttpRequest, user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("admin:new_password", args=[uid, default_token_generator.make_token(user)])
    return (
        f"{settings.CONSOLE_URL.rstrip('/')}{path}"
        if settings.CONSOLE_URL
        else request.build_absolute_uri(path)
    )
