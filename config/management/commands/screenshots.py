"""``manage.py screenshots``: the pictures of the README and the handbooks, anew."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from assignments.flags import FlagError
from config.benchmarks.throwaway import NoDatabaseError, throwaway_database
from config.screenshots.camera import CameraError, take
from config.screenshots.scene import NoSceneError, set_scene


class Command(BaseCommand):
    help = (
        "Take the pictures of the README and the handbooks, of a made-up evening in a database that is "
        "thrown away. Needs Chromium."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out",
            type=Path,
            default=settings.BASE_DIR / "docs" / "screenshots",
            help="folder (%(default)s)",
        )

    def handle(self, *, out: Path, **_: Any) -> None:
        try:
            with throwaway_database():
                scene = set_scene(now=timezone.now(), rollout=True)
                for file in take(scene, into=out):
                    self.stdout.write(f"{file.stat().st_size / 1000:5.0f} kB  {file}")
        except (CameraError, NoSceneError, NoDatabaseError, FlagError, OSError) as error:
            raise CommandError(str(error)) from error
