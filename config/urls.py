"""All addresses: the console is the site; channels have theirs below /api/."""

from django.contrib import admin
from django.urls import include, path

from config.probes import healthz, readyz
from observability.prometheus.page import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", include("bookings.api.urls")),
    path("metrics", metrics, name="metrics"),
    # Last: the console answers every other address.
    path("", admin.site.urls),
]

handler400 = "config.console.error_pages.bad_request"
handler403 = "config.console.error_pages.forbidden"
handler404 = "config.console.error_pages.not_found"
handler500 = "config.console.error_pages.server_error"
