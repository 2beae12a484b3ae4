"""All addresses: the console is the site."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("", admin.site.urls)]
