from django.apps import AppConfig
from django.db.backends.signals import connection_created


class ObservabilityConfig(AppConfig):
    name = "observability"

    def ready(self) -> None:
        # Imported here: models can be read only once every app is known.
        from django.conf import settings

        from observability import traces
        from observability.timings import time_statements

        traces.begin(settings.TRACES_ENDPOINT)
        connection_created.connect(time_statements)
