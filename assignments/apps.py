from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    name = "assignments"

    def ready(self) -> None:
        # Imported here: models can be read only once every app is known.
        from assignments.flags import start_polling
        from assignments.upkeep import start_upkeep
        from assignments.warm_up import start_warm_up
        from bookings.queue.worker import on_worker_start

        on_worker_start(start_polling)
        on_worker_start(start_upkeep)
        on_worker_start(start_warm_up)
