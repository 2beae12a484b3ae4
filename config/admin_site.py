"""The console's admin site."""

from django.contrib import admin


class ConsoleSite(admin.AdminSite):
    site_header = "Table assignment"
    site_title = "Table assignment"
    index_title = "Records"
