"""Channels in the console: their tokens, made and shown once, and the answers kept for repeats."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from bookings.api import tokens
from bookings.display import show
from bookings.models import ApiAnswer, ChannelToken, TokenRight
from observability.admin import RecordAdmin, RecordForm, ViewOnlyAdmin, utc_moment


class ChannelTokenForm(RecordForm[ChannelToken]):
    rights = forms.MultipleChoiceField(
        choices=TokenRight.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Write: make, change and cancel bookings of its channel. "
        "Service: seat walk-ins; check in, complete and no-show any booking.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(cleaned["restaurants"]) == cleaned["all_restaurants"]:
            self.add_error("restaurants", "Choose restaurants, or all of them, and not both.")
        if "expires_at" in cleaned and cleaned["expires_at"] <= timezone.now():
            self.add_error("expires_at", "Choose a time to come; to close a token at once, revoke it.")
        return cleaned


@admin.register(ChannelToken)
class ChannelTokenAdmin(RecordAdmin[ChannelToken]):
    """A token's secret exists in the answer to its making and nowhere else."""

    form = ChannelTokenForm
    kept_apart = frozenset({"digest"})
    list_display = ["channel", "prefix", "label", "status", "scope", "may", "expires", "used"]
    list_filter = ["channel"]
    search_fields = ["channel", "prefix", "label"]
    ordering = ["channel", "-id"]
    fields = ["channel", "label", "restaurants", "all_restaurants", "rights", "expires_at"]
    autocomplete_fields = ["restaurants"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelToken]:
        return super().get_queryset(request).prefetch_related("restaurants").select_related("created_by")

    def get_fields(self, request: HttpRequest, obj: ChannelToken | None = None) -> Any:
        known = ["status", "prefix", "used", "created", "created_by"] if obj else []
        return [*super().get_fields(request, obj), *known]

    def get_readonly_fields(self, request: HttpRequest, obj: ChannelToken | None = None) -> Any:
        return ["channel", "status", "prefix", "used", "created", "created_by"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: ChannelToken | None = None) -> bool:
        """Tokens are revoked, so that it stays known which there were."""
        return False

    # Making one

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With one way to save: what comes next is the secret."""
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**only_save, **(extra_context or {})})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        in_a_year = timezone.now().replace(hour=0, minute=0, second=0) + timedelta(days=365)
        return {"expires_at": in_a_year, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: ChannelToken, form: Any, change: Any) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.created_by_id = request.user.pk
        issued = tokens.issue(token=obj, restaurants=form.cleaned_data["restaurants"])
        request.issued_token = issued  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ChannelToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this very answer, which no cache keeps: a message would go into a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token of {obj.channel}",
            "opts": self.opts,
            "secret": request.issued_token.secret,  # type: ignore[attr-defined]
            "token": obj,
        }
        return TemplateResponse(request, "bookings/channel_token_issued.html", context)

    # Closing one

    @admin.action(description="Revoke …", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ChannelToken]) -> HttpResponse | None:
        """Ask first: the channel is cut off at once, and the token never opens again."""
        if not request.POST.get("sure"):
            context = {
                **self.admin_site.each_context(request),
                "title": "Revoke these tokens?",
                "opts": self.opts,
                "tokens": queryset,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "bookings/revoke_tokens.html", context)
        now = timezone.now()
        revoked = [token for token in queryset if tokens.revoke(token_id=token.pk, now=now)]
        for token in revoked:
            self.log_change(request, token, "Revoked.")
        names = ", ".join(str(token) for token in revoked) or "none, they were revoked before"
        self.message_user(request, f"Revoked: {names}.", messages.SUCCESS)
        return None

    # Columns

    @admin.display(description="Status")
    def status(self, token: ChannelToken) -> SafeString:
        if token.revoked_at:
            return show.chip("Revoked", "critical", "bad")
        if token.expires_at <= timezone.now():
            return show.chip("Expired", "watch", "clock")
        return show.chip("Valid", "good", "ok")

    @admin.display(description="Restaurants")
    def scope(self, token: ChannelToken) -> str:
        return "All" if token.all_restaurants else ", ".join(r.name for r in token.restaurants.all())

    @admin.display(description="May")
    def may(self, token: ChannelToken) -> str:
        return ", ".join(token.rights)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, token: ChannelToken) -> SafeString | str:
        return utc_moment(token.expires_at)

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, token: ChannelToken) -> SafeString | str:
        return utc_moment(token.last_used_at)

    @admin.display(description="Made")
    def created(self, token: ChannelToken) -> SafeString | str:
        return utc_moment(token.created_at)


@admin.register(ApiAnswer)
class ApiAnswerAdmin(ViewOnlyAdmin[ApiAnswer]):
    kept_apart = frozenset({"digest"})
    list_display = ["key", "channel", "given"]
    search_fields = ["=key"]
    search_help_text = "The whole idempotency key."
    ordering = ["-id"]
    fields = ["channel", "key", "given", "body"]
    readonly_fields = ["given"]

    @admin.display(description="Given")
    def given(self, answer: ApiAnswer) -> SafeString | str:
        return utc_moment(answer.created_at)
