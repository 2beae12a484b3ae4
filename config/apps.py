"""The top floor as a Django app: it holds the commands that start everything."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Operation"


class ConsoleAdminConfig(AdminConfig):
    default_site = "config.admin_site.ConsoleSite"
