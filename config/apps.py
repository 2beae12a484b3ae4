"""The top floor as a Django app: it holds the commands that start everything, and the roles."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Operation"

    def ready(self) -> None:
        from config.roles import grant

        post_migrate.connect(grant, dispatch_uid="config.roles.grant")


class ConsoleAdminConfig(AdminConfig):
    default_site = "config.admin_site.ConsoleSite"

    def ready(self) -> None:
        super().ready()
        from config.console.people import register_people

        register_people()
