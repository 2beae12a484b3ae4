from django.apps import AppConfig
from django.db.backends.signals import connection_created


class BookingsConfig(AppConfig):
    name = "bookings"

    def ready(self) -> None:
        from bookings.instants import read_instants

        connection_created.connect(read_instants)
