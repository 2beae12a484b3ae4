"""Erasures of guests' data: when, by whom and how much went. Nothing in them names a guest."""

from django.contrib import admin

from bookings.models import GuestErasure
from observability.admin import ViewOnlyAdmin


@admin.register(GuestErasure)
class GuestErasureAdmin(ViewOnlyAdmin[GuestErasure]):
    list_display = ["created_at", "actor", "rows"]
    list_select_related = ["actor"]
    ordering = ["-id"]
    fields = ["created_at", "actor", "rows"]
    readonly_fields = ["created_at"]
