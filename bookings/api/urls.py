"""Addresses of the API, below /api/v1/."""

from django.urls import path, re_path

from bookings.api.views import availability, bookings, documents, restaurants, steps, walk_ins

app_name = "api"

urlpatterns = [
    path("bookings", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/<str:reference>", bookings.OneBooking.as_view(), name="booking"),
    path("bookings/<str:reference>/cancel", steps.Cancel.as_view(), name="cancel"),
    path("bookings/<str:reference>/check-in", steps.CheckIn.as_view(), name="check_in"),
    path("bookings/<str:reference>/complete", steps.Complete.as_view(), name="complete"),
    path("bookings/<str:reference>/no-show", steps.NoShow.as_view(), name="no_show"),
    path("restaurants", restaurants.Restaurants.as_view(), name="restaurants"),
    path("restaurants/<str:named>", restaurants.OneRestaurant.as_view(), name="restaurant"),
    path("restaurants/<str:named>/floor-plan", restaurants.FloorPlan.as_view(), name="floor_plan"),
    path("restaurants/<str:named>/availability", availability.Availability.as_view(), name="availability"),
    path("walk-ins", walk_ins.WalkIns.as_view(), name="walk_ins"),
    path("openapi.json", documents.as_json, name="openapi"),
    path("openapi.yaml", documents.as_yaml, name="openapi_yaml"),
    path("docs", documents.DocsPage.as_view(), name="docs"),
    re_path(r"^(.*)$", documents.nothing_here),
]
