"""People in the console: Django's pages of users and groups, where nobody can raise their own rights.

Who may change accounts puts others into groups. Single permissions, administrators, and the accounts of
people who may change accounts themselves, are an administrator's to change; one's own rights are nobody's.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.models import StaffRestaurant
from config.access.rights import gives_rights_over_people, is_over_people
from observability.admin import RecordAdmin, RecordInline

#: Fields of an account that say what the person may do.
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
_ADMINISTRATORS_ONLY = ("is_superuser", "user_permissions")


class StaffRestaurantInline(RecordInline[StaffRestaurant, User]):
    model = StaffRestaurant
    autocomplete_fields = ["restaurant"]
    verbose_name_plural = "restaurants (people with the right to every restaurant need none)"


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Inlines stand on the page of a person who exists; adding asks for name and password first."""

    # Everybody signs in by password: Django would offer to make an account without, for directories.
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)

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
        return [*super().get_readonly_fields(request, obj), *fixed]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Who is added is to sign in here; by Django's default they would be told of a wrong password."""
        obj.is_staff = obj.is_staff or not change
        super().save_model(request, obj, form, change)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        if field is not None and db_field.name == "groups" and not request.user.is_superuser:
            field.queryset = _groups_to_give()
        return field

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's
        """One's own is changed where the old one is asked for."""
        if self.get_object(request, unquote(id)) == request.user:
            messages.info(request, "Change your own password here, with the old one.")
            return HttpResponseRedirect(reverse("admin:password_change"))
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        return answer


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


def _may_touch(request: HttpRequest, obj: User | None) -> bool:
    if obj is None or request.user.is_superuser or obj == request.user:
        return True
    return not is_over_people(obj)


def _groups_to_give() -> QuerySet[Group]:
    """Without those whose members may change accounts."""
    groups = Group.objects.prefetch_related("permissions__content_type")
    kept = [group.pk for group in groups if not gives_rights_over_people(group)]
    return Group.objects.filter(pk__in=kept)
