"""The room as a Django app: it has models, and hears of every way somebody signs in."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed


class AccessConfig(AppConfig):
    name = "config.access"
    verbose_name = "Access"

    def ready(self) -> None:
        from axes.signals import user_locked_out

        from config.access import records, sessions

        user_logged_in.connect(sessions.begin, dispatch_uid="config.access.sessions.begin")
        user_login_failed.connect(records.failed, dispatch_uid="config.access.records.failed")
        user_locked_out.connect(records.locked, dispatch_uid="config.access.records.locked")
