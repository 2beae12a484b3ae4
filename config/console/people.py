"""People in the console: Django's pages of users and groups, where nobody can raise their own rights.

Nobody chooses a password for somebody else: a new account's owner is sent a link, as is who lost theirs. What
a link goes by, name and address, is an administrator's to change once the account is there.

Who may change accounts puts others into groups. Single permissions, administrators, and the accounts of
people who may change accounts themselves, are an administrator's to change; one's own rights are nobody's.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.models import StaffRestaurant
from config.access import letters, new_password
from config.access.rights import gives_rights_over_people, is_over_people
from observability.admin import RecordAdmin, RecordInline

#: Fields of an account that say what the person may do.
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
_ADMINISTRATORS_ONLY = ("is_superuser", "user_permissions")
#: Fields that say whose account it is.
_IDENTITY = ("username", "email")


class StaffRestaurantInline(RecordInline[StaffRestaurant, User]):
    model = StaffRestaurant
    autocomplete_fields = ["restaurant"]
    verbose_name_plural = "restaurants (people with the right to every restaurant need none)"


class NewPersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new account: its name, and the address that its owner is sent a link to."""

    email = forms.EmailField(label="E-mail address", help_text="A link to choose a password is sent there.")

    class Meta:
        model = User
        fields = ("username", "email")
        field_classes: ClassVar = {"username": UsernameField}

    def clean_username(self) -> str:
        """Names that differ only in case would be taken for one another."""
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError("Somebody has that name, perhaps in another case.")
        return name


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Inlines stand on the page of a person who exists; adding asks for name and address first."""

    add_form = NewPersonForm
    add_fieldsets = ((None, {"fields": ("username", "email")}),)
    add_form_template = "admin/change_form.html"

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        return [StaffRestaurantInline] if obj and (request.user.is_superuser or obj != request.user) else []

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return (
            super().has_delete_permission(request, obj) and _may_touch(request, obj) and obj != request.user
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """What may not be changed is shown; Django then ignores it in a form that was made up."""
        fixed = RIGHTS if obj == request.user else () if request.user.is_superuser else _ADMINISTRATORS_ONLY
        theirs = _IDENTITY if obj is not None and not request.user.is_superuser else ()
        return [*super().get_readonly_fields(request, obj), *fixed, *theirs]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """A new person is staff, and is sent the link; of a new address the old one is told, too."""
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            _send_link(request, obj)
        elif "email" in form.changed_data:
            for address in filter(None, (form.initial["email"], obj.email)):
                letters.tell(
                    obj, "The address of your account was changed", by=_who(request), address=address
                )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        if field is not None and db_field.name == "groups" and not request.user.is_superuser:
            field.queryset = _groups_to_give()
        return field

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's
        """One's own is changed where the old one is asked for; somebody else's by nobody but them."""
        del form_url
        user = self.get_object(request, unquote(id))
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        if user == request.user:
            messages.info(request, "Change your own password here, with the old one.")
            return HttpResponseRedirect(reverse("admin:password_change"))
        messages.info(request, f"Passwords are chosen by their owners: send {user} a link for a new one.")
        return HttpResponseRedirect(reverse("admin:sign_in_people"))


class AdministeredGroupAdmin(GroupAdmin):
    """A group's permissions are its members', so only administrators change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.is_superuser)


class StaffRestaurantAdmin(RecordAdmin[StaffRestaurant]):
    """All at a glance; people's own pages are where restaurants are given, and not to oneself."""

    restaurant_path = "restaurant"
    list_display = ["user", "restaurant"]
    list_filter = ["restaurant"]
    list_select_related = ["user", "restaurant"]
    search_fields = ["user__username", "restaurant__name"]
    ordering = ["user__username", "restaurant__name"]
    autocomplete_fields = ["user", "restaurant"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: StaffRestaurant | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: StaffRestaurant | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.is_superuser)


def register_people() -> None:
    """Take the place of Django's pages of users and groups; secrets of devices have none."""
    admin.site.unregister([User, Group, TOTPDevice, StaticDevice])
    admin.site.register(User, PersonAdmin)
    admin.site.register(Group, AdministeredGroupAdmin)
    admin.site.register(StaffRestaurant, StaffRestaurantAdmin)


def _send_link(request: HttpRequest, user: User) -> None:
    try:
        new_password.send_link(request, user, by=_who(request))
    except new_password.NotSentError as error:
        messages.warning(request, str(error))


def _who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _may_touch(request: HttpRequest, obj: User | None) -> bool:
    if obj is None or request.user.is_superuser or obj == request.user:
        return True
    return not is_over_people(obj)


def _groups_to_give() -> QuerySet[Group]:
    """Without those whose members may change accounts."""
    groups = Group.objects.prefetch_related("permissions__content_type")
    kept = [group.pk for group in groups if not gives_rights_over_people(group)]
    return Group.objects.filter(pk__in=kept)
