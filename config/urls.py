"""All addresses: the console is the site."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("", admin.site.urls)]

handler400 = "config.console.error_pages.bad_request"
handler403 = "config.console.error_pages.forbidden"
handler404 = "config.console.error_pages.not_found"
handler500 = "config.console.error_pages.server_error"
