from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "observability"

    def ready(self) -> None:
        from django.conf import settings

        from observability import traces

        traces.begin(settings.TRACES_ENDPOINT)
